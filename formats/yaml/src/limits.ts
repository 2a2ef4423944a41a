/** Bounds on one YAML text; everything above is refused with `YAML_INVALID`. */
export interface YamlLimits {
  /** UTF-8 bytes of the text. */
  readonly sizeBytesMax: number;
  /** Nesting of sequences and mappings. */
  readonly depthMax: number;
  /** Values after aliases were followed. */
  readonly nodesMax: number;
}

export const defaultYamlLimits: YamlLimits = {
  sizeBytesMax: 4 * 1024 * 1024,
  depthMax: 64,
  nodesMax: 200_000,
};
