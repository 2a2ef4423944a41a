import { KilnError, shorten } from '@kiln/base';

/** One name of a relation, such as `libc6 (>= 2.36)` or `python3:any`. */
export interface RelatedPackage {
  readonly name: string;
  /** Operator (`<<`, `<=`, `=`, `>=`, `>>`) and version; undefined for any version. */
  readonly constraint: { readonly operator: string; readonly version: string } | undefined;
}

/** Alternatives in order of preference; one of them satisfies the relation. */
export type Relation = readonly RelatedPackage[];

const form =
  /^([a-z0-9][a-z0-9+.-]*)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([0-9A-Za-z.+~:-]+)\s*\))?\s*(?:\[[^\]]*\])?\s*(?:<[^>]*>\s*)*$/;

/**
 * A relationship field of Debian policy chapter 7: names parted by `,`, alternatives by `|`. Architecture
 * qualifiers, architecture lists and build profiles are read and dropped. Throws `DEB822_INVALID`.
 */
export function parseRelations(text: string): Relation[] {
  if (text.trim() === '') return [];
  return text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => part.split('|').map((one) => related(one.trim())));
}

function related(text: string): RelatedPackage {
  const match = form.exec(text);
  const [, name, operator, version] = match ?? [];
  if (name === undefined) {
    throw new KilnError('DEB822_INVALID', `not a relation: "${shorten(text)}"`);
  }
  const constraint =
    operator === undefined || version === undefined ? undefined : { operator, version };
  return { name, constraint };
}
