/** Bounds on an archive that is read. Passing one throws `TAR_TOO_LARGE`. */
export interface TarLimits {
  /** Members, extended headers not counted; default 1,000,000. */
  readonly entriesMax: number;
  /** Bytes of a path or link target; default 4,096. */
  readonly pathBytesMax: number;
  /** Bytes of all extended headers and GNU long names before one member; default 1 MiB. */
  readonly paxBytesMax: number;
  /** Bytes of all extended headers and GNU long names of the archive, since readers keep them; default 256 MiB. */
  readonly paxTotalBytesMax: number;
  /** Bytes of the archive; default 16 GiB. */
  readonly totalBytesMax: number;
}

export const defaultTarLimits: TarLimits = {
  entriesMax: 1_000_000,
  pathBytesMax: 4096,
  paxBytesMax: 2 ** 20,
  paxTotalBytesMax: 256 * 2 ** 20,
  totalBytesMax: 16 * 2 ** 30,
};
