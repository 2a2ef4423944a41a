import path from 'node:path';
import type { ExpandedPackages } from '@kiln/apk-cache';
import { ApkClient } from '@kiln/apk-client';
import type { CheckedPackage, DiscoveredKey } from '@kiln/apk-client';
import { openAs, openNamed } from '@kiln/assemble';
import type { PackageContents } from '@kiln/assemble';
import { mapBounded, sortUnique, withoutUserInfo } from '@kiln/base';
import type { Logger } from '@kiln/base';
import { packageAddress, prepareIndexes } from '@kiln/solve';
import type { ArchIndexes, GuestKeys, GuestPackage, RepositoryIndex, Solved } from '@kiln/solve';
import { folderPlace } from '../folder-place.ts';
import { cacheFolder } from '../local/cache-folder.ts';
import { apkArch } from './architectures.ts';
import type { ImageRequest } from './request.ts';
import { repositoriesOf, solvedRepositories, trustedKeys } from './request.ts';
import type { ImageTask } from './task.ts';

/** Packages that are fetched and unpacked at once. */
const parallelMax = 6;

/** Where a task keeps what it fetched and made. Throws as `folderPlace`. */
export function cacheDirectoryOf({
  reading,
  environment,
}: Pick<ImageTask, 'reading' | 'environment'>): string {
  return folderPlace(reading.cacheDirectory || path.join(cacheFolder(environment), 'apk'));
}

/** The repositories of a command line: keys, indexes and packages. */
export class ImageRepositories {
  readonly #dialect: ImageTask['dialect'];
  readonly #client: ApkClient;
  readonly #unpacking: ConstructorParameters<typeof ExpandedPackages>[0];
  #packages: Promise<ExpandedPackages> | undefined;
  readonly #log: Logger;
  readonly #signal: AbortSignal;

  /** Throws `APK_CLIENT_AUTH_INVALID`. */
  constructor(task: ImageTask) {
    const { dialect, reading, environment, log, signal } = task;
    const { limits } = reading;
    const cacheDirectory = cacheDirectoryOf(task);
    this.#dialect = dialect;
    this.#client = new ApkClient({
      cacheDirectory,
      workingDirectory: process.cwd(),
      httpAuth: environment['HTTP_AUTH'],
      ignoreSignatures: reading.ignoreSignatures,
      keys: dialect === 'apko' ? 'any' : 'checked',
      sha1: dialect === 'apko' ? 'accept' : 'refuse',
      offline: reading.offline,
      ...(limits === undefined
        ? {}
        : {
            limits: {
              packageBytesMax: limits.answerBytesMax,
              sentIndexBytesMax: limits.answerBytesMax,
              indexContentBytesMax: limits.indexContentBytesMax,
            },
          }),
      logger: log,
    });
    this.#unpacking = {
      directory: path.join(cacheDirectory, 'expanded'),
      blobs: this.#client,
      dialect: dialect === 'apko' ? 'apko' : 'plain',
      links: dialect === 'apko' ? 'any' : 'inside',
      // Two syncs for each package take longer than unpacking them again, once, after a power cut.
      durable: false,
      ...(limits === undefined ? {} : { limits: limits.packages }),
    };
    this.#log = log;
    this.#signal = signal;
  }

  /** The keys at these places, each of which may be a folder of several. Throws what `ApkClient.keys` throws. */
  keys(places: readonly string[]): Promise<GuestKeys> {
    return this.#client.keys(places, this.#signal);
  }

  /**
   * The keys that indexes have to be signed by, for each architecture: those of the request, and in dialect `apko` those that its
   * repositories are said to have. Throws as `keys`.
   */
  async trusted(
    request: ImageRequest,
    archs: readonly string[],
  ): Promise<ReadonlyMap<string, GuestKeys>> {
    const own = await this.keys(trustedKeys(request));
    const asked = request.dialect === 'apko' ? sortUnique(repositoriesOf(request)) : [];
    const trusted = new Map<string, GuestKeys>();
    for (const arch of archs) {
      const options = { arch: apkArch(arch), signal: this.#signal };
      trusted.set(arch, await this.#client.withDiscovered(own, asked, options));
    }
    return trusted;
  }

  /** See `ApkClient.discoverKeys`. */
  discoverKeys(places: readonly string[], arch: string): Promise<readonly DiscoveredKey[]> {
    return this.#client.discoverKeys(places, { arch: apkArch(arch), signal: this.#signal });
  }

  /**
   * What each architecture can choose from; `extra` are further indexes, which count after the others. A folder without an
   * index is a warning. Throws `IMAGE_NO_REPOSITORY`, and what `ApkClient.indexes` throws.
   */
  indexes(
    request: ImageRequest,
    {
      archs,
      keys,
      extra,
    }: {
      readonly archs: readonly string[];
      /** See `trusted`. */
      readonly keys: ReadonlyMap<string, GuestKeys>;
      readonly extra: (arch: string) => readonly RepositoryIndex[];
    },
  ): Promise<readonly ArchIndexes[]> {
    const repositories = solvedRepositories(request);
    return mapBounded(
      archs,
      parallelMax,
      async (arch) => {
        const read: RepositoryIndex[] = [];
        for (const text of repositories)
          read.push(...(await this.#index(text, { arch, keys: keys.get(arch) ?? [] })));
        return { arch, prepared: prepareIndexes([...read, ...extra(arch)], request.dialect) };
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
    // Locks and listings say where a package is in the words of the configuration or, in dialect `apko`, of the command line.
    const written = withoutUserInfo(text)
      .trim()
      .replace(/^@\S+\s+/, '');
    const repository = this.#dialect === 'apko' ? written : written.replace(/\/+$/, '');
    return indexes.map((index) => ({ ...index, repository }));
  }

  /** Packages opened, in their order: each is fetched, checked against its index, and unpacked once. */
  async open(packages: readonly GuestPackage[]): Promise<readonly PackageContents[]> {
    this.#packages ??= this.#expandedPackages();
    const expanded = await this.#packages;
    // The largest first: whoever gets one of these last is alone with it in the end.
    const places = [...packages.keys()].sort(
      (a, b) => (packages[b]?.sizeBytes ?? 0) - (packages[a]?.sizeBytes ?? 0) || a - b,
    );
    const opened: PackageContents[] = [];
    await mapBounded(
      places,
      parallelMax,
      async (at, stop) => {
        const wanted = packages[at];
        if (wanted === undefined) return;
        const open = this.#dialect === 'apko' ? openAs : openNamed;
        opened[at] = await this.#client.use(wanted, (apk) => open(expanded, wanted, apk), stop);
      },
      this.#signal,
    );
    return opened;
  }

  /** Who only looks at indexes does without. */
  async #expandedPackages(): Promise<ExpandedPackages> {
    const { ExpandedPackages } = await import('@kiln/apk-cache');
    return new ExpandedPackages(this.#unpacking);
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
