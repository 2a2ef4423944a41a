/** Bounds on a package that is read. */
export interface PackageLimits {
  /** Bytes of the control segment before compression; default 10 MiB. */
  readonly controlBytesMax: number;
  /** Bytes of the data segment before compression; default 16 GiB. */
  readonly dataBytesMax: number;
  /** Members of the data segment; default 1,000,000. */
  readonly entriesMax: number;
}

export const defaultPackageLimits: PackageLimits = {
  controlBytesMax: 10 * 2 ** 20,
  dataBytesMax: 16 * 2 ** 30,
  entriesMax: 1_000_000,
};

/** What a control segment mostly has no more of. */
export const controlBytesUsual: number = 32 * 1024;
