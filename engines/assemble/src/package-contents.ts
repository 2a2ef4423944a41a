import type { PackageInfo } from '@kiln/apk';
import type { Digest } from '@kiln/base';
import type { TarEntry } from '@kiln/tar';
import type { LayerSegment } from './compression.ts';
import type { SharedObject } from './shared-object.ts';

/** A member of a package's data segment; `index` numbers the members from 0 in archive order. */
export interface DataMember {
  readonly index: number;
  readonly entry: TarEntry;
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
  readonly control: readonly { readonly entry: TarEntry; readonly content: Uint8Array }[];
  readonly members: readonly DataMember[];
  /** What is known of files that the loader may take for libraries, by index, so that they need not be read. */
  readonly libraries?: ReadonlyMap<number, SharedObject | undefined>;
  /** The content of the member with this index. */
  read(index: number): AsyncIterable<Uint8Array>;
  /**
   * The content as `read` gives it, in buffers that the caller makes: each but the last is filled, and is the caller's again when
   * it has been yielded. Absent where contents are not read in this way.
   */
  readInto?(index: number, buffer: () => Uint8Array): AsyncIterable<Uint8Array>;
  /**
   * The compressed form of a part of a file, as `layerPieces` cuts it, where the package itself has it in the form of
   * `gzipLayers`; undefined where it does not, or where it cannot be had. Its bytes are in the memory that the caller gives.
   */
  segment?(index: number, part: number, memory: SegmentMemory): Promise<LayerSegment | undefined>;
  /**
   * Where the content of the file with this index is a file of the host, with the member's mode and time, that others may link to
   * and nobody writes to. Absent where contents are not kept so, undefined for one that is not.
   */
  file?(index: number): string | undefined;
}

/** Memory for the bytes of a segment, of this size. */
export type SegmentMemory = (sizeBytes: number) => Uint8Array;

/** Opens packages by the digest of their `.apk` file; verifies control checksum, datahash and file checksums. */
export interface PackageOpener {
  /** Throws `APK_…` when the package is not what it says, `BLOB_UNKNOWN` when it is absent. */
  open(apk: Digest): Promise<PackageContents>;
}
