import exceptionNames from 'spdx-exceptions/index.json' with { type: 'json' };
import deprecatedNames from 'spdx-license-ids/deprecated.json' with { type: 'json' };
import activeNames from 'spdx-license-ids/index.json' with { type: 'json' };

/**
 * Whether go-spdx, which melange asks, takes a text for a licence expression of SPDX: names are read in any case, operators in
 * capitals alone, blanks around the whole do not count, and names of licences end where those of operators begin.
 * https://github.com/github/go-spdx/blob/v2.7.0/spdxexp/scan.go
 */
export function isGoLicenseExpression(text: string): boolean {
  const expression = text.trim();
  if (!expression.includes(' ') && (isActive(expression) || isDeprecated(expression))) return true;
  const [licence = '', word = '', exception = '', ...more] = expression.split(/\s+/);
  if (
    expression.includes(' ') &&
    word.toUpperCase() === 'WITH' &&
    exception !== '' &&
    more.length === 0
  )
    return isException(exception) && (isActive(licence) || isDeprecated(licence));
  const tokens = new Scanner(expression).tokens();
  return tokens !== undefined && new Grammar(tokens).isExpression();
}

const inAnyCase = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.map((name) => name.toUpperCase()));

const active = inAnyCase(activeNames);
const deprecated = inAnyCase(deprecatedNames);
const exceptions = inAnyCase(exceptionNames);

const isActive = (name: string): boolean => active.has(name.toUpperCase());
const isDeprecated = (name: string): boolean => deprecated.has(name.toUpperCase());
const isException = (name: string): boolean => exceptions.has(name.toUpperCase());

type Token =
  | 'WITH'
  | 'AND'
  | 'OR'
  | '('
  | ')'
  | ':'
  | '+'
  | 'document'
  | 'own'
  | 'licence'
  | 'exception';

const orLater = '-or-later';

class Scanner {
  #rest: string;
  #before = '';

  constructor(text: string) {
    this.#rest = text;
  }

  /** Undefined where a word is none of SPDX. */
  tokens(): readonly Token[] | undefined {
    const found: Token[] = [];
    for (;;) {
      this.#take(/^ */);
      if (this.#rest === '') return found;
      const token = this.#next();
      if (token === undefined) return undefined;
      found.push(token);
    }
  }

  #next(): Token | undefined {
    const spaced = this.#before.endsWith(' ');
    const operator = this.#take(/^(?:WITH|AND|OR|[():+])/);
    if (operator === '+' && spaced) return undefined;
    if (operator !== '') return operator as Token;
    for (const [prefix, token] of [
      [/^DocumentRef-/, 'document'],
      [/^LicenseRef-/, 'own'],
    ] as const) {
      if (this.#take(prefix) !== '') return this.#name() === '' ? undefined : token;
    }
    return this.#licence(this.#name());
  }

  #licence(name: string): Token | undefined {
    if (isActive(name)) return 'licence';
    if (isException(name)) return 'exception';
    const base = name.slice(0, -orLater.length);
    if (name.endsWith('-only') && isActive(name.slice(0, -'-only'.length))) return 'licence';
    if (this.#rest.startsWith('+') && isActive(`${name}${orLater}`)) {
      this.#rest = this.#rest.slice(1);
      return 'licence';
    }
    if (name.endsWith(orLater) && isActive(base)) {
      // What stands behind the suffix is lost with it.
      this.#rest = `+${this.#rest.slice(1)}`;
      this.#before = base;
      return 'licence';
    }
    return isDeprecated(name) ? 'licence' : undefined;
  }

  #name(): string {
    return this.#take(/^[A-Za-z0-9.-]+/);
  }

  #take(pattern: RegExp): string {
    const [taken = ''] = pattern.exec(this.#rest) ?? [];
    this.#rest = this.#rest.slice(taken.length);
    this.#before += taken;
    return taken;
  }
}

/** `AND` binds stronger than `OR`. */
class Grammar {
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  isExpression(): boolean {
    return this.#alternatives() && this.#index === this.#tokens.length;
  }

  #alternatives(): boolean {
    return this.#all() && (!this.#take('OR') || this.#alternatives());
  }

  #all(): boolean {
    return this.#one() && (!this.#take('AND') || this.#all());
  }

  #one(): boolean {
    if (this.#take('(')) return this.#alternatives() && this.#take(')');
    if (this.#take('document')) return this.#take(':') && this.#take('own');
    if (this.#take('own')) return true;
    if (!this.#take('licence')) return false;
    this.#take('+');
    return !this.#take('WITH') || this.#take('exception');
  }

  #take(token: Token): boolean {
    if (this.#tokens[this.#index] !== token) return false;
    this.#index += 1;
    return true;
  }
}
