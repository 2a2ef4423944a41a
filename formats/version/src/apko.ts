import { compareNumbers } from './compare.ts';
import type { Ordering } from './compare.ts';

/**
 * The narrower versions of apko's resolver: one pre-release suffix and one later suffix at most, no hash, numbers
 * compared by value, an absent revision or suffix number is 0. Kept apart since solving must give apko's order.
 */
interface ApkoVersion {
  readonly numbers: readonly string[];
  readonly letter: string;
  readonly preSuffix: number;
  readonly preNumber: string;
  readonly postSuffix: number;
  readonly postNumber: string;
  readonly revision: string;
}

/** A constraint in apko's words; `any` where it knows no such operator. */
export interface ApkoConstraint {
  readonly name: string;
  readonly operator: 'any' | '=' | '<' | '<=' | '>' | '>=' | '~';
  readonly version: string;
  readonly tag: string | undefined;
}

const preSuffixes = ['alpha', 'beta', 'pre', 'rc'];
const postSuffixes = ['cvs', 'svn', 'git', 'hg', 'p'];
const noPreSuffix = preSuffixes.length;
const noPostSuffix = -1;

const grammar =
  /^([0-9]+(?:\.[0-9]+)*)([a-z])?(?:_(alpha|beta|pre|rc)([0-9]*))?(?:_(cvs|svn|git|hg|p)([0-9]*))?(?:-r([0-9]+))?$/;

/** The largest number that apko reads. */
const numberMax = 2n ** 63n - 1n;

function hasReadableNumbers(text: string): boolean {
  return (text.match(/[0-9]{19,}/g) ?? []).every((digits) => BigInt(digits) <= numberMax);
}

function parse(text: string): ApkoVersion | undefined {
  const match = grammar.exec(text);
  if (match === null || !hasReadableNumbers(text)) return undefined;
  const [, numbers = '', letter = '', pre, preNumber, post, postNumber, revision] = match;
  return {
    numbers: numbers.split('.'),
    letter,
    preSuffix: pre === undefined ? noPreSuffix : preSuffixes.indexOf(pre),
    preNumber: preNumber ?? '',
    postSuffix: post === undefined ? noPostSuffix : postSuffixes.indexOf(post),
    postNumber: postNumber ?? '',
    revision: revision ?? '',
  };
}

/** Whether apko can read the version. */
export function isVersionApko(text: string): boolean {
  return grammar.test(text) && hasReadableNumbers(text);
}

/** Orders two versions as apko does; undefined when one of them is invalid to it. */
export function compareVersionsApko(a: string, b: string): Ordering | undefined {
  const left = parse(a);
  const right = parse(b);
  return left === undefined || right === undefined ? undefined : compare(left, right);
}

/**
 * Whether an actual version satisfies a constraint to apko; `~` wants a prefix of the numbers, or, with as many
 * numbers, that every part which is written be equal. Invalid versions satisfy nothing but `any`.
 */
export function satisfiesApko(
  actual: string,
  operator: ApkoConstraint['operator'],
  wanted: string,
): boolean {
  if (operator === 'any') return true;
  const left = parse(actual);
  const right = parse(wanted);
  if (left === undefined || right === undefined) return false;
  const order = compare(left, right);
  switch (operator) {
    case '=':
      return order === 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '~':
      return includes(left, right);
  }
}

const known: ReadonlyMap<string, ApkoConstraint['operator']> = new Map([
  ['=', '='],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
  ['~', '~'],
  ['=~', '~'],
] as const);

/**
 * Takes a constraint (without `!`) apart as apko does: an unknown operator asks for any version, and a text that does not
 * match is a bare name.
 */
export function parseConstraintApko(text: string): ApkoConstraint {
  const read = withSharedVersion(text);
  const match = /^([^@=><~]+)(([=><~]+)([^@]+))?(@([a-zA-Z0-9]+))?$/.exec(read);
  if (match === null) return { name: read, operator: 'any', version: '', tag: undefined };
  const [, name = '', , written = '', version = '', , tag] = match;
  return { name, operator: known.get(written) ?? 'any', version, tag };
}

/**
 * What follows the first `=` of a `so:` text that does not end in `-rN` gets `0.` before it, so that revisions win; also where a
 * longer operator goes on behind it, whose rest then belongs to the version.
 */
function withSharedVersion(text: string): string {
  const at = text.startsWith('so:') ? text.indexOf('=') : -1;
  if (at < 0 || /-r[0-9]+$/.test(text)) return text;
  return `${text.slice(0, at)}=0.${text.slice(at + 1)}`;
}

function compare(a: ApkoVersion, b: ApkoVersion): Ordering {
  const shared = Math.min(a.numbers.length, b.numbers.length);
  for (let i = 0; i < shared; i++) {
    const order = compareNumbers(a.numbers[i] ?? '', b.numbers[i] ?? '');
    if (order !== 0) return order;
  }
  return (
    sign(a.numbers.length - b.numbers.length) ||
    sign((a.letter.codePointAt(0) ?? 0) - (b.letter.codePointAt(0) ?? 0)) ||
    sign(a.preSuffix - b.preSuffix) ||
    compareNumbers(a.preNumber, b.preNumber) ||
    sign(a.postSuffix - b.postSuffix) ||
    compareNumbers(a.postNumber, b.postNumber) ||
    compareNumbers(a.revision, b.revision)
  );
}

function includes(actual: ApkoVersion, wanted: ApkoVersion): boolean {
  if (actual.numbers.length < wanted.numbers.length) return false;
  if (wanted.numbers.some((n, i) => compareNumbers(n, actual.numbers[i] ?? '') !== 0)) return false;
  if (actual.numbers.length > wanted.numbers.length) return true;
  const isZero = (n: string): boolean => compareNumbers(n, '') === 0;
  const number = (want: string, have: string): boolean =>
    isZero(want) || compareNumbers(want, have) === 0;
  return (
    (wanted.letter === '' || wanted.letter === actual.letter) &&
    (wanted.preSuffix === noPreSuffix || wanted.preSuffix === actual.preSuffix) &&
    number(wanted.preNumber, actual.preNumber) &&
    (wanted.postSuffix === noPostSuffix || wanted.postSuffix === actual.postSuffix) &&
    number(wanted.postNumber, actual.postNumber) &&
    number(wanted.revision, actual.revision)
  );
}

function sign(difference: number): Ordering {
  return difference === 0 ? 0 : difference < 0 ? -1 : 1;
}
