/** A file that can be read at any place. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** The bytes from `start` up to `end` or the end of the file. */
  range(start: number, end: number): Promise<Uint8Array>;
}

/** Bytes in memory as a source. */
export function byteSource(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.length,
    range: (start, end) => Promise.resolve(bytes.subarray(start, end)),
  };
}

/** Bounds on what is read of one file; above them it is refused with `ELF_INVALID`. */
export interface ElfLimits {
  readonly programHeadersMax: number;
  readonly sectionHeadersMax: number;
  readonly dynamicEntriesMax: number;
  readonly symbolsMax: number;
  readonly stringTableBytesMax: number;
}

export const defaultElfLimits: ElfLimits = {
  programHeadersMax: 512,
  sectionHeadersMax: 16_384,
  dynamicEntriesMax: 16_384,
  symbolsMax: 500_000,
  stringTableBytesMax: 64 * 1024 * 1024,
};
