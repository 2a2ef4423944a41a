import type { Digest } from '@kiln/base';
import type { IndexedPackage, Stanza } from '@kiln/deb822';
import type { TarMember } from '@kiln/tar';

/** One opened binary package. `members` is read at most once; paths are as in Debian, without leading `./`. */
export interface OpenDeb {
  readonly control: Stanza;
  readonly members: AsyncIterable<TarMember>;
}

export interface DownloadProgress {
  readonly packages: number;
  readonly packagesTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
}

/** A Debian archive as a source of binary packages. */
export interface DebianArchive {
  /**
   * The packages that the roots need, one release, no recommendations, and every `Essential: yes` package with its
   * needs; sorted bytewise by name. Throws `DEBIAN_ARCHIVE_UNKNOWN`, `DEBIAN_APT_FAILED` (retry later).
   */
  resolveClosure(
    roots: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly IndexedPackage[]>;
  /**
   * Brings the files into the blob store, verified by their SHA-256, which is also their name there; what is there
   * already is not fetched. Throws `DEBIAN_APT_FAILED` (retry later).
   */
  downloadDebs(
    packages: readonly IndexedPackage[],
    onProgress?: (progress: DownloadProgress) => void,
    signal?: AbortSignal,
  ): Promise<readonly Digest[]>;
  /** Unpacks a package from the blob store; the files of it go when `use` ends. Throws `DEBIAN_DEB_INVALID`. */
  open<T>(deb: Digest, use: (deb: OpenDeb) => Promise<T>): Promise<T>;
}
