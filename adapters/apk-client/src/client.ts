import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { firstPublicKey } from '@kiln/apk';
import type { IndexTrust, VerifyOptions } from '@kiln/apk';
import { compareBytes, silentLogger, systemClock, systemRandom } from '@kiln/base';
import type { Clock, Digest, Logger, Random } from '@kiln/base';
import type { GuestKeys, GuestPackage } from '@kiln/solve';
import { Credentials, parseHttpAuth } from './credentials.ts';
import { HttpCache } from './http-cache.ts';
import { Http } from './http.ts';
import { readIndexes } from './indexes.ts';
import type { ReadIndexes } from './indexes.ts';
import type { DiscoveredKey, KeyDiscovery } from './key-discovery.ts';
import { readKeys } from './keyring.ts';
import type { KeyContent } from './keyring.ts';
import { defaultClientLimits } from './limits.ts';
import type { ClientLimits } from './limits.ts';
import type { BeforeData, CheckedPackage } from './package-check.ts';
import { PackageFiles } from './packages.ts';
import { parsePlace, parseRepository } from './reference.ts';

export interface ApkClientOptions {
  /** Made when absent: `answers/` for indexes and keys, `packages/` for packages. Removing it is always safe. */
  readonly cacheDirectory: string;
  /** What relative paths are relative to. */
  readonly workingDirectory: string;
  /** `basic:REALM:USER:PASSWORD`, as the variable of that name has it. */
  readonly httpAuth?: string | undefined;
  /** Believes every index. */
  readonly ignoreSignatures?: boolean;
  /** Repositories, as they are written, whose indexes are believed as they are. */
  readonly unsigned?: readonly string[];
  /** What keys may hold, see `KeyringOptions`; of `any` content, what Go finds in it is what verifies. */
  readonly keys?: KeyContent | undefined;
  /** SHA-1 signatures are refused by default. */
  readonly sha1?: VerifyOptions['sha1'];
  /** Uses what is in the cache and asks no server. */
  readonly offline?: boolean;
  /** Where Alpine lists its releases and their keys; for tests. */
  readonly alpineReleases?: string;
  readonly limits?: Partial<ClientLimits>;
  readonly logger?: Logger;
  readonly random?: Random;
  readonly clock?: Clock;
  /** Waits between attempts; a signal ends it early, in any way. */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

const alpineReleasesDefault = 'https://alpinelinux.org/releases.json';

/** Reads apk repositories: on servers and in directories, any mix of them. */
export class ApkClient {
  readonly #options: ApkClientOptions;
  readonly #limits: ClientLimits;
  readonly #credentials: Credentials;
  readonly #answers: HttpCache;
  readonly #packages: PackageFiles;
  #discovery: Promise<KeyDiscovery> | undefined;

  /** Throws `APK_CLIENT_AUTH_INVALID`. */
  constructor(options: ApkClientOptions) {
    const { cacheDirectory, offline = false, random = systemRandom } = options;
    this.#options = options;
    this.#limits = { ...defaultClientLimits, ...options.limits };
    this.#credentials = new Credentials(parseHttpAuth(options.httpAuth));
    const http = new Http({
      credentials: this.#credentials,
      limits: this.#limits,
      logger: options.logger ?? silentLogger,
      wait: options.wait ?? ((ms, signal) => delay(ms, undefined, signal && { signal })),
    });
    const shared = { http, offline, random };
    this.#answers = new HttpCache({ ...shared, directory: join(cacheDirectory, 'answers') });
    this.#packages = new PackageFiles({
      ...shared,
      directory: join(cacheDirectory, 'packages'),
      packageBytesMax: this.#limits.packageBytesMax,
      clock: options.clock ?? systemClock,
    });
  }

  /** The public keys at these places, sorted by name. Throws as `readKeys`, and `APK_CLIENT_REFERENCE_INVALID`. */
  async keys(places: readonly string[], signal?: AbortSignal): Promise<GuestKeys> {
    const parsed = places.map((text) => parsePlace(text, this.#options.workingDirectory));
    for (const { credential } of parsed) this.#credentials.add(credential);
    const { keyBytesMax } = this.#limits;
    const fetch = (url: string): Promise<Uint8Array> =>
      this.#answers.read({ url, bytesMax: keyBytesMax, signal });
    return readKeys(parsed, { fetch, keyBytesMax, content: this.#options.keys });
  }

  /**
   * The keys that these repositories are said to have for an architecture (apk name), in the order of the repositories; none
   * for directories and those with a tag. Throws `APK_CLIENT_REFERENCE_INVALID`; see `KeyDiscovery`.
   */
  async discoverKeys(
    repositories: readonly string[],
    { arch, signal }: { arch: string; signal?: AbortSignal | undefined },
  ): Promise<readonly DiscoveredKey[]> {
    const asked = this.#references(repositories).filter(
      ({ kind, tag }) => kind === 'remote' && tag === '',
    );
    if (asked.length === 0) return [];
    const discovery = await (this.#discovery ??= this.#newDiscovery(signal));
    const found = asked.map((one) => discovery.keysOf(one, { arch, signal }));
    return (await Promise.all(found)).flat();
  }

  /** `own`, and the keys of other names that these repositories are said to have, sorted by name. Throws as `discoverKeys`. */
  async withDiscovered(
    own: GuestKeys,
    repositories: readonly string[],
    options: { arch: string; signal?: AbortSignal | undefined },
  ): Promise<GuestKeys> {
    const byName = new Map<string, GuestKeys[number]>();
    for (const { name, pem } of [...(await this.discoverKeys(repositories, options)), ...own])
      byName.set(name, { name, pem });
    return [...byName.values()].sort((a, b) => compareBytes(a.name, b.name));
  }

  async #newDiscovery(signal: AbortSignal | undefined): Promise<KeyDiscovery> {
    const { KeyDiscovery } = await import('./key-discovery.ts');
    const { clock = systemClock, logger = silentLogger, alpineReleases } = this.#options;
    return new KeyDiscovery({
      fetch: (request) => this.#answers.read({ ...request, signal }),
      keyBytesMax: this.#limits.keyBytesMax,
      clock,
      logger,
      alpineReleases: alpineReleases ?? alpineReleasesDefault,
    });
  }

  /** The verified indexes of these repositories for an architecture (apk name). Throws as `readIndexes`. */
  async indexes(
    repositories: readonly string[],
    { arch, keys, signal }: { arch: string; keys: GuestKeys; signal?: AbortSignal | undefined },
  ): Promise<ReadIndexes> {
    const { indexBytesMax, sentIndexBytesMax, indexContentBytesMax } = this.#limits;
    const bytesMax = Math.min(indexBytesMax, sentIndexBytesMax);
    return readIndexes(this.#references(repositories), {
      arch,
      trust: this.#trust(keys),
      unsigned: new Set(this.#options.unsigned),
      indexBytesMax,
      indexContentBytesMax,
      fetch: (url) => this.#answers.read({ url, bytesMax, signal }),
    });
  }

  /** Takes the credentials that stand in addresses, for packages of a lock, which has none. */
  useCredentialsOf(repositories: readonly string[]): void {
    this.#references(repositories);
  }

  /**
   * The digest of a package's file, downloaded where it is not at hand, checked against the lock; `read` gives its bytes.
   * Throws as `PackageFiles.obtain`.
   */
  obtain(wanted: GuestPackage, signal?: AbortSignal): Promise<Digest> {
    return this.#packages.obtain(wanted, signal);
  }

  /** See `PackageFiles.use`. */
  use<T>(
    wanted: GuestPackage,
    work: (apk: Digest) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    return this.#packages.use(wanted, work, signal);
  }

  /** Where the file of a package that was obtained is. */
  path(apk: Digest): string {
    return this.#packages.path(apk);
  }

  /** See `PackageFiles.beforeData`. */
  beforeData(apk: Digest): BeforeData | undefined {
    return this.#packages.beforeData(apk);
  }

  /** The parts of a package's file, as `obtain` gets it. Throws as `PackageFiles.sections`. */
  sections(wanted: GuestPackage, signal?: AbortSignal): Promise<CheckedPackage> {
    return this.#packages.sections(wanted, signal);
  }

  /** The bytes of a package that was obtained. Throws `BLOB_UNKNOWN`. */
  read(apk: Digest): AsyncIterable<Uint8Array> {
    return this.#packages.read(apk);
  }

  #references(texts: readonly string[]): ReturnType<typeof parseRepository>[] {
    const parsed = texts.map((text) => parseRepository(text, this.#options.workingDirectory));
    for (const { credential } of parsed) this.#credentials.add(credential);
    return parsed;
  }

  #trust(keys: GuestKeys): IndexTrust {
    const { ignoreSignatures = false, sha1 = 'refuse' } = this.#options;
    if (ignoreSignatures) return { unsigned: true };
    return { keys: new Map(keys.flatMap((key) => this.#verifying(key))), sha1 };
  }

  #verifying({ name, pem }: GuestKeys[number]): [name: string, pem: string][] {
    const key = this.#options.keys === 'any' ? firstPublicKey(pem) : pem;
    return key === undefined ? [] : [[name, key]];
  }
}
