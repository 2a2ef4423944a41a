import { KilnError, shorten, trimmed } from '@kiln/base';

const variablesMax = 10_000;

/**
 * Reads a file of variables (dotenv): `KEY=value` or `KEY: value` lines, `export ` before a key, `#` comments, values in
 * single quotes (literal) or double quotes (`\n`, `\r`, escapes, several lines), `$NAME` and `${NAME}` of earlier lines in
 * all but single quotes, where the name has no small letters. Throws `RECIPE_ENV_FILE_INVALID` with file and line.
 */
export function parseEnvFile(text: string, file: string): Readonly<Record<string, string>> {
  return new EnvReader(text.replaceAll('\r\n', '\n'), file).read();
}

class EnvReader {
  readonly #text: string;
  readonly #file: string;
  readonly #variables = new Map<string, string>();
  #at = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  read(): Readonly<Record<string, string>> {
    for (;;) {
      this.#skip(/(?:(?!\ufeff)[\s\u0085]|#[^\n]*)*/y);
      if (this.#at >= this.#text.length) return Object.fromEntries(this.#variables);
      if (this.#variables.size >= variablesMax) throw this.#error('too many variables');
      this.#skip(/export[ \t]+/y);
      const [, name = ''] = this.#match(/([A-Za-z0-9_.]+)[ \t]*[=:][ \t]*/y) ?? [];
      if (name === '') throw this.#error(`no variable: "${shorten(this.#line())}"`);
      this.#variables.set(name, this.#value());
    }
  }

  #value(): string {
    // A quote with a backslash before it ends nothing, whatever is before that.
    const single = this.#match(/'([^]*?)(?<!\\)'/y);
    if (single !== null) return single[1] ?? '';
    const double = this.#match(/"([^]*?)(?<!\\)"/y);
    if (double !== null) return this.#expand(unescape(double[1] ?? ''));
    if (/^['"]/.test(this.#text.slice(this.#at, this.#at + 1)))
      throw this.#error('a value without its closing quote');
    const [line = ''] = this.#match(/[^\n]*/y) ?? [];
    return this.#expand(trimmed(line.replace(/(?:^|\s)#.*$/, '')));
  }

  #expand(text: string): string {
    return text.replace(
      /(\\)?\$\(?\{?([A-Z0-9_]+)?\}?/g,
      (whole, escaped: string | undefined, name: string | undefined) => {
        if (escaped !== undefined) return whole.slice(1);
        return name === undefined ? whole : (this.#variables.get(name) ?? '');
      },
    );
  }

  #match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at;
    const match = expression.exec(this.#text);
    if (match !== null) this.#at += match[0].length;
    return match;
  }

  #skip(expression: RegExp): void {
    this.#match(expression);
  }

  #line(): string {
    return this.#text.slice(this.#at).split('\n')[0] ?? '';
  }

  #error(message: string): KilnError {
    const before = this.#text.slice(0, this.#at).split('\n');
    return new KilnError('RECIPE_ENV_FILE_INVALID', message, {
      position: { file: this.#file, line: before.length, column: (before.at(-1) ?? '').length + 1 },
      hint: 'write KEY=value lines',
    });
  }
}

/** The escapes of double quotes; `\$` stays for the expansion. */
function unescape(text: string): string {
  return text.replace(/\\([^$])/g, (_whole, c: string) =>
    c === 'n' ? '\n' : c === 'r' ? '\r' : c,
  );
}
