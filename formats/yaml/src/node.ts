import type { Position } from '@kiln/base';

/** The characters of a scalar in the text: quotes are inside, anchors, tags and comments are not. */
export interface ScalarSource {
  /** Offsets in UTF-16 units; the end is exclusive. */
  readonly start: number;
  readonly end: number;
  readonly style: 'plain' | 'single-quoted' | 'double-quoted' | 'block';
}

/** A scalar as it stands in the text; nothing has been converted. */
export interface YamlScalar {
  readonly kind: 'scalar';
  /** The characters: `1.10` stays `1.10`; quotes, escapes and block indentation are resolved. */
  readonly text: string;
  /** Without quotes or block indicator, so that it may mean a number, a boolean or null. */
  readonly plain: boolean;
  readonly position: Position;
  /** Undefined where the text has no characters for it here: it comes by an alias, or there is nothing. */
  readonly source: ScalarSource | undefined;
}

export interface YamlSequence {
  readonly kind: 'sequence';
  readonly elements: readonly YamlNode[];
  readonly position: Position;
}

export interface YamlMember {
  readonly key: YamlScalar;
  readonly value: YamlNode;
}

/** Keys are scalars, unique, in the order of the text; merge keys (`<<`) have been applied. */
export interface YamlMapping {
  readonly kind: 'mapping';
  readonly members: ReadonlyMap<string, YamlMember>;
  readonly position: Position;
}

export type YamlNode = YamlScalar | YamlSequence | YamlMapping;

/** True for the plain scalars that YAML 1.2 calls null: nothing, `~`, `null`, `Null`, `NULL`. */
export function isNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.plain && /^(?:|~|null|Null|NULL)$/.test(node.text);
}

/** What a mapping has under a key; undefined where it has no such key, or is no mapping. */
export function member(node: YamlNode | undefined, key: string): YamlNode | undefined {
  return node?.kind === 'mapping' ? node.members.get(key)?.value : undefined;
}

/** The elements of a sequence; none of anything else. */
export function elements(node: YamlNode | undefined): readonly YamlNode[] {
  return node?.kind === 'sequence' ? node.elements : [];
}
