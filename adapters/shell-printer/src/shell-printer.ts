import { KilnError, shorten } from '@kiln/base';
import { WasmShell, type ShellAnswer } from './wasm-printer.ts';

/** Prints shell scripts in one way. */
export interface ShellPrinter {
  /**
   * The script printed anew, without comments, statement by statement, each with a newline behind it; a first line that
   * begins with `#!` stays (packages.md section 5, point 4: what mvdan/sh prints with its defaults).
   * Throws `SHELL_SYNTAX_INVALID` for what is no shell, with its line, and for more than 1 MiB or a NUL.
   */
  print(script: string): string;
}

const scriptBytesMax = 1024 * 1024;
/** Scripts that repeat, of pipelines mostly, are printed once. */
const memorySizeMax = 20_000;

/** A printer; it loads its program when it is first used, and keeps what it printed. */
export function openShellPrinter(): ShellPrinter {
  const shell = new WasmShell();
  const printed = new Map<string, string>();
  return {
    print(script) {
      const known = printed.get(script);
      if (known !== undefined) return known;
      const text = printScript(shell, script);
      if (printed.size >= memorySizeMax) printed.clear();
      printed.set(script, text);
      return text;
    },
  };
}

function printScript(shell: WasmShell, script: string): string {
  if (Buffer.byteLength(script) > scriptBytesMax) throw refused('a script is longer than 1 MiB');
  if (script.includes('\0')) throw refused('a script holds a NUL');
  const [interpreter = ''] = /^#![^\n]*\n/.exec(script) ?? [];
  const whole = answerOf(shell.process(script, 'print'), script).text ?? '';
  if (whole === '') return interpreter;
  // Printing a file keeps blank lines between statements; printing statements does not. Without any, both are the same.
  if (!whole.startsWith('\n') && !whole.includes('\n\n')) return interpreter + whole;
  const statements = answerOf(shell.process(whole, 'parse'), whole).file?.Stmts ?? [];
  const bytes = Buffer.from(whole);
  const starts = statements.map(({ Pos }) => Pos.Offset);
  const pieces = starts.map((start, index) =>
    bytes
      .subarray(start, starts[index + 1])
      .toString('utf8')
      .replace(/\n+$/, ''),
  );
  return interpreter + pieces.map((piece) => `${piece}\n`).join('');
}

function answerOf(answer: ShellAnswer, script: string): ShellAnswer {
  const error = answer.parseError;
  if (error == null && !answer.message) return answer;
  const line = error?.Pos.Line ?? 0;
  const text = script.split('\n')[line - 1]?.trim() ?? '';
  const what = (error?.Text ?? answer.message ?? '').replace(/^script:/, '');
  const where = line > 0 ? `line ${line} of the script: ` : '';
  const shown = text === '' ? '' : `: "${shorten(text)}"`;
  throw refused(`${where}${shorten(what.replace(/^\d+:\d+: /, ''), 160)}${shown}`);
}

function refused(message: string): KilnError {
  return new KilnError('SHELL_SYNTAX_INVALID', message, {
    hint: 'steps are run by /bin/sh; bash’s grammar is accepted',
  });
}
