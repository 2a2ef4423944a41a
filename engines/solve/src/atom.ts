import { parseConstraintApko } from '@kiln/version';
import type { ApkoConstraint } from '@kiln/version';

/** A dependency, a provide or a world entry, split. */
export interface Atom {
  readonly text: string;
  readonly name: string;
  /** `any` accepts every version. */
  readonly operator: ApkoConstraint['operator'];
  /** "" when the atom names no version. */
  readonly version: string;
  /** The repository tag after `@`, or "". */
  readonly pin: string;
  /** Whose rules its version is compared by. */
  readonly dialect: SolverDialect;
}

/**
 * Whose rules a solve follows: apko's, where an unusual operator means any version, or Kiln's, where operators are apk's sets of
 * characters (`==` is `=`) and a result is checked.
 */
export type SolverDialect = 'apko' | 'kiln';

/**
 * Splits an atom without its leading `!`. A text outside the grammar is a bare name. A `so:` atom whose version has no
 * revision gets `0.` in front of it, so that explicit `-rN` provides outrank bare soname versions.
 */
export function splitAtom(text: string, dialect: SolverDialect): Atom {
  const { name, operator, version, tag } = parseConstraintApko(
    dialect === 'apko' ? text : text.replace(/[<>=~]{2,}/, plainOperator),
  );
  return { text, name, operator, version, pin: tag ?? '', dialect };
}

/** The operator that the characters mean as a set; `<>` stays, which accepts any version. */
function plainOperator(characters: string): string {
  const has = (c: string): boolean => characters.includes(c);
  if (has('<') && has('>')) return '<>';
  if (has('~')) return '~';
  return `${has('<') ? '<' : ''}${has('>') ? '>' : ''}${has('=') ? '=' : ''}`;
}
