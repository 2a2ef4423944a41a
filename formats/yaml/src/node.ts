import type { Position } from '@kiln/base';

/** A scalar as it stands in the text; nothing has been converted. */
export interface YamlScalar {
  readonly kind: 'scalar';
  /** The characters: `1.10` stays `1.10`; quotes, escapes and block indentation are resolved. */
  readonly text: string;
  /** Without quotes or block indicator, so that it may mean a number, a boolean or null. */
  readonly plain: boolean;
  readonly position: Position;
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
