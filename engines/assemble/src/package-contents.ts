import type { ControlMember, PackageInfo } from '@kiln/apk';
import type { Digest } from '@kiln/base';
import type { TarEntry } from '@kiln/tar';
import type { LayerSegment } from './compression.ts';
import type { SharedObject } from './shared-object.ts';

/** A member of a package's data segment; `index` numbers the members from 0 in archive order. */
export interface DataMember {
  readonly index: number;
  readonly entry: TarEntry;
}

/** The members of a package in order, each of which may be put together only when it is asked for. */
export interface MemberList extends Iterable<DataMember> {
  readonly length: number;
  /** `index` counts from 0. */
  at(index: number): DataMember | undefined;
}

/** A package opened for assembly: its facts in memory, its files on demand. */
export interface PackageContents {
  readonly info: PackageInfo;
  /** Of the whole `.apk` file: the package's identity. */
  readonly apk: Digest;
  /** `Q1…` of the control segment. */
  readonly checksum: string;
  /** Size of the whole `.apk` file. */
  readonly sizeBytes: number;
  /** Members of the control segment other than `.PKGINFO`, with content. */
  readonly control: readonly ControlMember[];
  readonly members: MemberList;
  /** What is known of files that the loader may take for libraries, by index, so that they need not be read. */
  readonly libraries?: ReadonlyMap<number, SharedObject | undefined>;
  /** The content of the member with this index. */
  read(index: number): AsyncIterable<Uint8Array>;
  /**
   * The content in parts of `pieceBytesMax`, where it can be read from the host at any place and in any thread; undefined for what
   * is no file. Absent where contents are not kept so.
   */
  parts?(index: number): readonly StoredPart[] | undefined;
  /**
   * Where the content of the file with this index is a file of the host, with the member's mode and time, that others may link to
   * and nobody writes to. Absent where contents are not kept so, undefined for one that is not.
   */
  file?(index: number): string | undefined;
}

/** A place in a file of the host. */
export interface FilePlace {
  readonly path: string;
  readonly offset: number;
  readonly sizeBytes: number;
  /** CRC-32 of the bytes, for who reads them to compare. */
  readonly crc: number;
}

/** A part of a content, where it lies as it is, and what to do about damage. */
export interface StoredPart extends FilePlace {
  /** Its compressed form, where the package has it in the form of `gzipLayers`. What is damaged or gone counts as absent. */
  readonly segment: FilePlace | undefined;
  /** Puts it into memory of its size. Throws as `PackageContents.read`. */
  read(into: Uint8Array): Promise<void>;
  /** Its compressed form in memory of the caller; undefined where it cannot be had. */
  readSegment(memory: (sizeBytes: number) => Uint8Array): LayerSegment | undefined;
  /** Tells that its bytes are not there, or not those of `crc`. Returns what to throw. */
  damaged(): Promise<Error>;
}

/** Opens packages by the digest of their `.apk` file; verifies control checksum, datahash and file checksums. */
export interface PackageOpener {
  /** Throws `APK_…` when the package is not what it says, `BLOB_UNKNOWN` when it is absent. */
  open(apk: Digest): Promise<PackageContents>;
}
