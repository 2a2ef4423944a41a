/** What a tar header says of one member. Paths have no leading `./` or `/`, and directories no trailing slash. */
export type TarEntryType =
  | 'file'
  | 'hardlink'
  | 'symlink'
  | 'char'
  | 'block'
  | 'directory'
  | 'fifo';

export interface TarEntry {
  readonly path: string;
  /** Whether the path is written with a slash, such as one before or behind it, where this form of it has none. */
  readonly hasSlash?: true;
  readonly type: TarEntryType;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  readonly groupName: string;
  /** Bytes of content; 0 for everything but files. */
  readonly sizeBytes: number;
  /** Whole seconds since 1970. */
  readonly mtimeSeconds: number;
  /** Target of a symbolic or hard link, else "". */
  readonly linkTarget: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Further PAX records by key, such as `APK-TOOLS.checksum.SHA1` and `SCHILY.xattr.*`; values as raw bytes. */
  readonly pax: ReadonlyMap<string, Uint8Array>;
}

/** A member with its content; `content` is read at most once and yields exactly `sizeBytes` bytes. */
export interface TarMember {
  readonly entry: TarEntry;
  readonly content: AsyncIterable<Uint8Array> | Uint8Array;
}
