import { KilnError, shorten } from '@kiln/base';
import { printPlain } from './plain-script.ts';
import { printedStatements } from './printed-statements.ts';
import { partsOf } from './script-parts.ts';
import { WasmShell, type ShellAnswer } from './wasm-printer.ts';

/** Prints shell scripts in one way. */
export interface ShellPrinter {
  /**
   * The script printed anew, without comments, statement by statement, each with a newline behind it; a first line that
   * begins with `#!` stays (packages.md section 5, point 4: what mvdan/sh prints with its defaults).
   * Throws `SHELL_SYNTAX_INVALID` for what is no shell, with line and column (in bytes, both from 1) in the message and
   * the details, and for more than 128 KiB, a NUL, or what the program has no room for: nesting beyond some 200 levels,
   * 700 commands in one pipeline, 3,900 lines of comment in a row.
   */
  print(script: string): string;
}

/** More than this the kernel does not take as one argument of a program, which is how a step's script is run. */
const scriptBytesMax = 128 * 1024;
/** Of what the program was asked. A catalog of 3,400 recipes has 10 MiB of it. */
const memoryCharactersMax = 16 * 1024 * 1024;

/** A printer; it loads its program when it is first used, and keeps what it printed. */
export function openShellPrinter(): ShellPrinter {
  const shell = new WasmShell();
  const print = remembered((script) => printWithProgram(shell, script));
  return {
    print(script) {
      if (Buffer.byteLength(script) > scriptBytesMax)
        throw refused('a script is longer than 128 KiB');
      if (script.includes('\0')) throw refused('a script holds a NUL');
      return printPlain(script) ?? printInParts(print, script) ?? print(script);
    },
  };
}

function remembered(print: (script: string) => string): (script: string) => string {
  const printed = new Map<string, string>();
  let characters = 0;
  return (script) => {
    const known = printed.get(script);
    if (known !== undefined) return known;
    const text = print(script);
    characters += script.length + text.length;
    if (characters > memoryCharactersMax) {
      printed.clear();
      characters = script.length + text.length;
    }
    printed.set(script, text);
    return text;
  };
}

/** Undefined where a part is no script of its own: the whole may be one, or its error has another place. */
function printInParts(print: (script: string) => string, script: string): string | undefined {
  const parts = partsOf(script);
  if (parts.length < 2) return undefined;
  try {
    return parts.map((part) => printPlain(part) ?? print(part)).join('');
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    return undefined;
  }
}

/** What the program makes of a script. */
export function printWithProgram(shell: WasmShell, script: string): string {
  const [interpreter = ''] = /^#![^\n]*\n/.exec(script) ?? [];
  const whole = ask(shell, script, 'print').text ?? '';
  // Printing a file keeps blank lines between statements; printing statements does not. Without any, both are the same.
  const blank = whole.startsWith('\n') || whole.includes('\n\n');
  return (
    interpreter + (blank ? (printedStatements(whole) ?? parsedStatements(shell, whole)) : whole)
  );
}

/** The statements of a printed text, each with one newline behind it; blank lines inside them stay. */
export function parsedStatements(shell: WasmShell, printed: string): string {
  const statements = ask(shell, printed, 'parse').file?.Stmts ?? [];
  const bytes = Buffer.from(printed);
  const starts = statements.map(({ Pos }) => Pos.Offset);
  // A statement's own end does not cover its here-documents; the next one's start does.
  return starts
    .map((start, index) => bytes.subarray(start, starts[index + 1]).toString('utf8'))
    .map((piece) => piece.replace(/\n+$/, '\n'))
    .join('');
}

function ask(shell: WasmShell, script: string, what: 'print' | 'parse'): ShellAnswer {
  const answer = shell.process(script, what);
  if (answer === undefined) throw refused('a script nests too deeply or has too many statements');
  if (!answer.message) return answer;
  const [, line = '0', column = '0', reason = answer.message] =
    /^(\d+):(\d+): (.*)$/s.exec(answer.message) ?? [];
  const text = script.split('\n')[Number(line) - 1]?.trim() ?? '';
  const shown = text === '' ? '' : `: "${shorten(text)}"`;
  const where = `line ${line}, column ${column} of the script`;
  throw refused(`${where}: ${shorten(reason, 160)}${shown}`, {
    line: Number(line),
    column: Number(column),
    reason: shorten(reason, 160),
  });
}

function refused(message: string, details: KilnError['details'] = {}): KilnError {
  return new KilnError('SHELL_SYNTAX_INVALID', message, {
    hint:
      details['line'] === undefined
        ? 'move it into a file of the side directory'
        : 'steps are run by /bin/sh; bash’s grammar is accepted',
    details,
  });
}
