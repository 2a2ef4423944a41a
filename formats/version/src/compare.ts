import { kinds, suffixOrder, tokenize } from './tokens.ts';
import type { Token } from './tokens.ts';

/** Negative, zero or positive, as sort functions give it. */
export type Ordering = -1 | 0 | 1;

/**
 * Orders two versions as apk-tools does (apk-package(5), "Version"): a total order on valid versions, in which
 * `01.0` and `1.0` are equal. Invalid texts compare as far as they are valid.
 */
export function compareVersions(a: string, b: string): Ordering {
  return compareTokens(tokenize(a), tokenize(b), false);
}

/** Whether `wanted` is a prefix of `actual`, token by token: the `~` of a dependency. */
export function matchesFuzzily(actual: string, wanted: string): boolean {
  return compareTokens(tokenize(actual), tokenize(wanted), true) === 0;
}

function compareTokens(a: readonly Token[], b: readonly Token[], fuzzy: boolean): Ordering {
  for (let i = 0; ; i++) {
    const left = a[i];
    const right = b[i];
    if (left === undefined || right === undefined) return 0;
    if (left.kind !== right.kind) return compareKinds(left, right, fuzzy);
    const order = compareSameKind(left, right);
    if (order !== 0) return order;
  }
}

function compareKinds(left: Token, right: Token, fuzzy: boolean): Ordering {
  if (fuzzy && right.kind === 'end') return 0;
  if (isPreRelease(left)) return -1;
  if (isPreRelease(right)) return 1;
  return kinds[left.kind] < kinds[right.kind] ? 1 : -1;
}

function compareSameKind(left: Token, right: Token): Ordering {
  switch (left.kind) {
    case 'first':
    case 'suffixNumber':
    case 'revision':
      return compareNumbers(left.text, right.text);
    case 'number':
      return left.text.startsWith('0') || right.text.startsWith('0')
        ? compareTexts(left.text, right.text)
        : compareNumbers(left.text, right.text);
    case 'suffix':
      return sign(suffixOrder.indexOf(left.text) - suffixOrder.indexOf(right.text));
    case 'letter':
    case 'hash':
      return compareTexts(left.text, right.text);
    case 'end':
    case 'invalid':
      return 0;
  }
}

function isPreRelease(token: Token): boolean {
  return token.kind === 'suffix' && suffixOrder.indexOf(token.text) < suffixOrder.indexOf('');
}

/** Decimal numbers of any length; leading zeros say nothing. */
export function compareNumbers(a: string, b: string): Ordering {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  return left.length === right.length
    ? compareTexts(left, right)
    : sign(left.length - right.length);
}

function compareTexts(a: string, b: string): Ordering {
  return a === b ? 0 : a < b ? -1 : 1;
}

function sign(difference: number): Ordering {
  return difference === 0 ? 0 : difference < 0 ? -1 : 1;
}
