/** The kinds of version tokens; a lower number outranks a higher one where two versions first differ in kind. */
export const kinds = {
  first: 0,
  number: 1,
  letter: 2,
  suffix: 3,
  suffixNumber: 4,
  hash: 5,
  revision: 6,
  end: 7,
  invalid: 8,
} as const;

export type TokenKind = keyof typeof kinds;

export interface Token {
  readonly kind: TokenKind;
  /** Digits, the letter, the suffix's name, or the hash; "" at the end. */
  readonly text: string;
}

/** Suffixes in order; those before `""` mark versions that precede the plain one. */
export const suffixOrder: readonly string[] = [
  'alpha',
  'beta',
  'pre',
  'rc',
  '',
  'cvs',
  'svn',
  'git',
  'hg',
  'p',
];

const end: Token = { kind: 'end', text: '' };
const invalid: Token = { kind: 'invalid', text: '' };

/** What may come after a token of each kind: pattern and the kind it gives, first match wins. */
const number: Step = ['number', /\.([0-9]+)/y];
const letter: Step = ['letter', /([a-z])/y];
const suffix: Step = ['suffix', /_([a-z]+)/y];
const suffixNumber: Step = ['suffixNumber', /([0-9]+)/y];
const hash: Step = ['hash', /~([0-9a-f]+)/y];
const revision: Step = ['revision', /-r([0-9]+)/y];

type Step = readonly [TokenKind, RegExp];

const followers: Readonly<Record<TokenKind, readonly Step[]>> = {
  first: [number, letter, suffix, hash, revision],
  number: [number, letter, suffix, hash, revision],
  letter: [suffix, hash, revision],
  suffix: [suffixNumber, suffix, hash, revision],
  suffixNumber: [suffix, hash, revision],
  hash: [revision],
  revision: [],
  end: [],
  invalid: [],
};

/**
 * The tokens of a version, closed by `end`, or by `invalid` where the text leaves the grammar of apk versions:
 * `number ("." number)* letter? ("_" suffix number?)* ("~" hash)? ("-r" number)?`. Never empty; takes linear time.
 */
export function tokenize(text: string): readonly Token[] {
  const first = /^[0-9]+/.exec(text);
  if (first === null) return [invalid];
  const tokens: Token[] = [{ kind: 'first', text: first[0] }];
  let position = first[0].length;
  let kind: TokenKind = 'first';
  while (position < text.length) {
    const step = nextToken(text, position, kind);
    tokens.push(step.token);
    if (step.token.kind === 'invalid') return tokens;
    kind = step.token.kind;
    position = step.position;
  }
  tokens.push(end);
  return tokens;
}

function nextToken(
  text: string,
  position: number,
  after: TokenKind,
): { token: Token; position: number } {
  for (const [kind, pattern] of followers[after]) {
    pattern.lastIndex = position;
    const match = pattern.exec(text);
    if (match === null) continue;
    const value = match[1] ?? '';
    if (kind === 'suffix' && !suffixOrder.includes(value)) break;
    return { token: { kind, text: value }, position: pattern.lastIndex };
  }
  return { token: invalid, position };
}
