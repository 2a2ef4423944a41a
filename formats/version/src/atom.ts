import { KilnError, shorten } from '@kiln/base';
import { compareVersions, matchesFuzzily } from './compare.ts';
import { isVersion } from './version.ts';

/** What a constraint asks of the comparison of an actual version with its own. */
export type Operator = '=' | '<' | '<=' | '>' | '>=' | '~' | '<~' | '>~' | '><';

/** One dependency, provided name or conflict, taken apart: `!name@tag>=1.2`. */
export interface Atom {
  readonly text: string;
  readonly conflict: boolean;
  readonly name: string;
  /** The repository tag after `@`, only meaningful in a world. */
  readonly tag: string | undefined;
  /** Undefined together with `version`. */
  readonly operator: Operator | undefined;
  readonly version: string | undefined;
}

/** Operator characters form a set: `==` is `=`, and `=~` and `~=` are `~`. */
const operators: Readonly<Record<string, Operator>> = {
  '=': '=',
  '<': '<',
  '>': '>',
  '<=': '<=',
  '=>': '>=',
  '~': '~',
  '=~': '~',
  '<~': '<~',
  '<=~': '<~',
  '>~': '>~',
  '=>~': '>~',
  '<>': '><',
};

const atomBytesMax = 4096;

/**
 * Takes a dependency atom apart. A version that is no version is kept: such an atom is never satisfied.
 * Throws `ATOM_INVALID` for an empty or spaced name, an operator that does not exist, or one without version.
 */
export function parseAtom(text: string): Atom {
  const conflict = text.startsWith('!');
  const match =
    /^!?([^\s!@<>=~][^\s@<>=~]*)(?:@([A-Za-z0-9._-]+))?(?:([<>=~]+)([^\s@<>=~][^\s@]*)(?:@([A-Za-z0-9._-]+))?)?$/.exec(
      text,
    );
  if (match === null || text.length > atomBytesMax) throw invalidAtom(text);
  const [, name = '', tagBefore, written, version, tagAfter] = match;
  const operator =
    written === undefined ? undefined : operators[[...new Set(written)].sort().join('')];
  if (written !== undefined && operator === undefined) throw invalidAtom(text);
  if (tagBefore !== undefined && tagAfter !== undefined) throw invalidAtom(text);
  return { text, conflict, name, tag: tagBefore ?? tagAfter, operator, version };
}

function invalidAtom(text: string): KilnError {
  return new KilnError('ATOM_INVALID', `not a dependency: "${shorten(text)}"`, {
    hint: 'write name, name=1.2-r0, name>=1.2, name~1.2 or !name, without spaces',
  });
}

/** What a comparison is made with. */
export interface Constraint {
  readonly operator: Operator | undefined;
  readonly version: string | undefined;
}

/**
 * Whether an actual version satisfies a constraint, by the rules of apk-tools: `1.2-r3 = 1.2` is false. Without
 * operator every version does, the absent one (of an unversioned provide) too; a broken version on either side never
 * does, but for what follows the part that `~` compares. `><` compares checksums and is not decided by versions: false.
 */
export function satisfies(actual: string | undefined, constraint: Constraint): boolean {
  const { operator, version } = constraint;
  if (operator === undefined || version === undefined) return true;
  if (operator === '><' || actual === undefined) return false;
  if (!isVersion(version)) return false;
  const fuzzy = operator.includes('~') && matchesFuzzily(actual, version);
  if (!isVersion(actual)) return fuzzy;
  const order = compareVersions(actual, version);
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
      return fuzzy;
    case '<~':
      return order < 0 || fuzzy;
    case '>~':
      return order > 0 || fuzzy;
  }
}
