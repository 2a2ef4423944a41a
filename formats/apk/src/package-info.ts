/** The facts of `.PKGINFO`, in the words of the file; see `parsePackageInfo` and `printPackageInfo`. */
export interface PackageInfo {
  readonly name: string;
  /** Full version, with `-rN`. */
  readonly version: string;
  readonly arch: string;
  readonly installedSizeBytes: number;
  readonly origin: string;
  readonly description: string;
  readonly url: string;
  readonly commit: string;
  readonly maintainer: string;
  /** Seconds since 1970; 0 is left out of the file. */
  readonly buildTimeSeconds: number;
  readonly licenses: readonly string[];
  readonly depends: readonly string[];
  readonly provides: readonly string[];
  readonly replaces: readonly string[];
  readonly installIf: readonly string[];
  /** Written as comments. */
  readonly vendored: readonly string[];
  readonly providerPriority: number | undefined;
  readonly replacesPriority: number | undefined;
  readonly triggers: readonly string[];
  /** SHA-256 of the compressed data segment, hexadecimal; "" while it is not known. */
  readonly dataHash: string;
}

/** One package as the repository index describes it. */
export interface IndexRecord {
  /** `Q1` and the base64 SHA-1 of the compressed control segment: the identity that clients pin. */
  readonly checksum: string;
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  /** Size of the whole `.apk` file. */
  readonly sizeBytes: number;
  readonly installedSizeBytes: number;
  readonly description: string;
  readonly url: string;
  readonly license: string;
  readonly origin: string;
  readonly maintainer: string;
  readonly buildTimeSeconds: number;
  readonly commit: string;
  readonly depends: readonly string[];
  readonly provides: readonly string[];
  readonly installIf: readonly string[];
  readonly providerPriority: number | undefined;
}

/** A record that says nothing, to be filled in. */
export const emptyRecord: IndexRecord = {
  checksum: '',
  name: '',
  version: '',
  arch: '',
  sizeBytes: 0,
  installedSizeBytes: 0,
  description: '',
  url: '',
  license: '',
  origin: '',
  maintainer: '',
  buildTimeSeconds: 0,
  commit: '',
  depends: [],
  provides: [],
  installIf: [],
  providerPriority: undefined,
};
