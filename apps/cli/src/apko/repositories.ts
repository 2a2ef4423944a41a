import path from 'node:path';
import { ExpandedPackages } from '@kiln/apk-cache';
import { ApkClient, defaultClientLimits } from '@kiln/apk-client';
import type { CheckedPackage } from '@kiln/apk-client';
import { defaultPackageLimits } from '@kiln/apk';
import type { PackageLimits } from '@kiln/apk';
import type { PackageContents } from '@kiln/assemble';
import { mapBounded, withoutUserInfo } from '@kiln/base';
import type { Logger } from '@kiln/base';
import { packageAddress, prepareIndexes } from '@kiln/solve';
import type { ArchIndexes, GuestKeys, GuestPackage, RepositoryIndex, Solved } from '@kiln/solve';
import type { Flags } from '../drop-in/flags.ts';
import type { DropInInvocation } from '../drop-in/subcommand.ts';
import { cacheFolder } from '../local/cache-folder.ts';
import { apkArch } from './architectures.ts';
import type { ImageRequest } from './request.ts';
import { solvedRepositories, trustedKeys } from './request.ts';

/** Packages that are fetched and unpacked at once. */
const parallelMax = 6;

/** Which flags a command has beside those of every one. */
export interface ReadingFlags {
  /** `--cache-dir` and `--offline`. */
  readonly cache?: boolean;
  /** `--cache-dir` alone. */
  readonly cacheDirectory?: boolean;
  readonly trust?: boolean;
  readonly limits?: boolean;
}

/** Where a command keeps what it fetched and made; `has` says whether it has the flag. */
export function cacheDirectoryOf(
  { flags, environment }: DropInInvocation,
  hasFlag: boolean,
): string {
  const given = hasFlag ? flags.string('cache-dir') : '';
  return path.resolve(given || path.join(cacheFolder(environment), 'apk'));
}

/** The repositories of a command line: keys, indexes and packages. */
export class ImageRepositories {
  readonly #client: ApkClient;
  readonly #packages: ExpandedPackages;
  readonly #log: Logger;
  readonly #signal: AbortSignal;

  /** Throws `APK_CLIENT_AUTH_INVALID`. */
  constructor(invocation: DropInInvocation, has: ReadingFlags) {
    const { flags, environment, log, signal } = invocation;
    const hasCache = has.cache === true || has.cacheDirectory === true;
    const cacheDirectory = cacheDirectoryOf(invocation, hasCache);
    const limits = has.limits === true ? limitsOf(flags) : undefined;
    this.#client = new ApkClient({
      cacheDirectory,
      workingDirectory: process.cwd(),
      httpAuth: environment['HTTP_AUTH'],
      ignoreSignatures: has.trust === true && flags.bool('ignore-signatures'),
      sha1: 'accept',
      offline: has.cache === true && flags.bool('offline'),
      ...(limits === undefined
        ? {}
        : {
            limits: {
              packageBytesMax: limits.answerBytesMax,
              indexBytesMax: Math.min(defaultClientLimits.indexBytesMax, limits.answerBytesMax),
            },
          }),
      logger: log,
    });
    this.#packages = new ExpandedPackages({
      directory: path.join(cacheDirectory, 'expanded'),
      blobs: this.#client,
      dialect: 'apko',
      // Two syncs for each package take longer than unpacking them again, once, after a power cut.
      durable: false,
      ...(limits === undefined ? {} : { limits: limits.packages }),
    });
    this.#log = log;
    this.#signal = signal;
  }

  /** The keys that a request trusts. Throws what `ApkClient.keys` throws. */
  keys(request: ImageRequest): Promise<GuestKeys> {
    return this.#client.keys(trustedKeys(request), this.#signal);
  }

  /** The key at one place, which may be a folder of several. */
  keysAt(place: string): Promise<GuestKeys> {
    return this.#client.keys([place], this.#signal);
  }

  /**
   * What each architecture can choose from; `extra` are further indexes, which count after the others. A folder without an
   * index is a warning. Throws `APKO_NO_REPOSITORY`, and what `ApkClient.indexes` throws.
   */
  indexes(
    request: ImageRequest,
    {
      archs,
      keys,
      extra,
    }: {
      readonly archs: readonly string[];
      readonly keys: GuestKeys;
      readonly extra: (arch: string) => readonly RepositoryIndex[];
    },
  ): Promise<readonly ArchIndexes[]> {
    const repositories = solvedRepositories(request);
    return mapBounded(
      archs,
      parallelMax,
      async (arch) => {
        const read: RepositoryIndex[] = [];
        for (const text of repositories) read.push(...(await this.#index(text, { arch, keys })));
        return { arch, prepared: prepareIndexes([...read, ...extra(arch)], 'apko') };
      },
      this.#signal,
    );
  }

  async #index(
    text: string,
    { arch, keys }: { readonly arch: string; readonly keys: GuestKeys },
  ): Promise<readonly RepositoryIndex[]> {
    const options = { arch: apkArch(arch), keys, signal: this.#signal };
    const { indexes, missing } = await this.#client.indexes([text], options);
    for (const one of missing) this.#log.warn(`no index in ${one} for ${apkArch(arch)}`);
    // Locks and listings say where a package is in the words of the configuration.
    const repository = withoutUserInfo(text)
      .replace(/^@\S+\s+/, '')
      .replace(/\/+$/, '');
    return indexes.map((index) => ({ ...index, repository }));
  }

  /** Packages opened, in their order: each is fetched, checked against its index, and unpacked once. */
  open(packages: readonly GuestPackage[]): Promise<readonly PackageContents[]> {
    return mapBounded(
      packages,
      parallelMax,
      async (wanted, stop) => this.#packages.open(await this.#client.obtain(wanted, stop)),
      this.#signal,
    );
  }

  /** The parts of the files of packages, in their order. */
  sections(packages: readonly GuestPackage[]): Promise<readonly CheckedPackage[]> {
    return mapBounded(
      packages,
      parallelMax,
      (wanted, stop) => this.#client.sections(wanted, stop),
      this.#signal,
    );
  }

  /** Credentials that stand in addresses, for packages that no index was read for. */
  useCredentialsOf(request: ImageRequest): void {
    this.#client.useCredentialsOf(solvedRepositories(request));
  }
}

/** Where a solved package is, and what it must be. */
export function packageOf({ record, repository, tag }: Solved, arch: string): GuestPackage {
  return {
    name: record.name,
    version: record.version,
    checksum: record.checksum,
    sizeBytes: record.sizeBytes,
    url: packageAddress(repository, apkArch(arch), record),
    repository,
    tag,
  };
}

interface Limits {
  readonly packages: Partial<PackageLimits>;
  readonly answerBytesMax: number;
}

function limitsOf(flags: Flags): Limits {
  const bytes = (name: string, normal: number): number => {
    const value = flags.integer(name);
    return value < 0 ? Number.MAX_SAFE_INTEGER : value === 0 ? normal : value;
  };
  return {
    packages: {
      controlBytesMax: bytes('max-apk-control-size', defaultPackageLimits.controlBytesMax),
      dataBytesMax: bytes('max-apk-data-size', defaultPackageLimits.dataBytesMax),
    },
    answerBytesMax: bytes('max-http-response-size', defaultClientLimits.packageBytesMax),
  };
}
