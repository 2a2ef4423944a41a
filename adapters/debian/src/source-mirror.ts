import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger, Random } from '@kiln/base';
import { KilnError, messageOf, shorten, silentLogger, systemClock, systemRandom } from '@kiln/base';
import type { SourceMirror, SourceRequest } from '@kiln/build';
import { AptDirectory } from './apt-directory.ts';
import { aptEnvironment } from './host-environment.ts';
import { hostArchive } from './host-sources.ts';
import type { IndexedSource, SuiteIndexes } from './source-index.ts';
import { SourceIndex } from './source-index.ts';
import { makeTemporary, sweepTemporary } from './temporary.ts';

export interface DebianSourceMirrorOptions {
  /** Absolute; apt's lists (some 180 MB) and the index live here. */
  readonly stateDirectory: string;
  /** In order of preference; ones that cannot be reached are passed over. */
  readonly suites?: readonly string[];
  /** An index older than this is rebuilt; default one day. */
  readonly maxAgeMs?: number;
  /** After a miss an index older than this is rebuilt; default one hour. */
  readonly maxAgeAfterMissMs?: number;
  /** The host's `/etc`. */
  readonly etc?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

const hourMs = 60 * 60 * 1000;
const debianSource =
  /^debian-source:([a-z0-9][a-z0-9+.-]*)\/([0-9A-Za-z.+~:-]+)\/([A-Za-z0-9][A-Za-z0-9+._~%-]*)$/;

/**
 * Debian's source archive, asked by SHA-256 or by `debian-source:PACKAGE/VERSION/FILE`. Its signed `Sources`
 * indexes list the digest of every tarball, many of them upstream's own. The host's apt fetches them, from wherever
 * it is told to, into a directory of ours; no address appears in our files but apt's, nor in any message.
 * `find` throws `DEBIAN_ARCHIVE_UNKNOWN`, `DEBIAN_APT_FAILED`, and `SOURCE_UNAVAILABLE` for a listed file that is gone.
 */
export class DebianSourceMirror implements SourceMirror {
  readonly name = 'debian-source';
  readonly #options: DebianSourceMirrorOptions;
  readonly #index: SourceIndex;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #refresh: Promise<void> | undefined;

  constructor(options: DebianSourceMirrorOptions) {
    this.#options = options;
    this.#random = options.random ?? systemRandom;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#index = new SourceIndex({
      directory: options.stateDirectory,
      clock: this.#clock,
      random: this.#random,
    });
  }

  async find(
    request: SourceRequest,
    signal?: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    const named = debianSource.exec(request.uri);
    if (named === null && request.digest.algorithm !== 'sha256') return undefined;
    const source = await this.#lookUp(request, named);
    return source === undefined ? undefined : this.#fetch(source, signal);
  }

  async #lookUp(
    request: SourceRequest,
    named: RegExpExecArray | null,
  ): Promise<IndexedSource | undefined> {
    const search = (): Promise<IndexedSource | undefined> => this.#search(request, named);
    await this.#refreshWhenOlderThan(this.#options.maxAgeMs ?? 24 * hourMs);
    const found = await search();
    if (found !== undefined) return found;
    const refreshed = await this.#refreshWhenOlderThan(this.#options.maxAgeAfterMissMs ?? hourMs);
    return refreshed ? search() : undefined;
  }

  /** By name, and by digest: a security update takes the same tarball along under another version of the package. */
  async #search(
    { digest }: SourceRequest,
    named: RegExpExecArray | null,
  ): Promise<IndexedSource | undefined> {
    const [, packageName = '', version = '', file = ''] = named ?? [];
    const byName =
      named === null
        ? undefined
        : await this.#index.findFile({ package: packageName, version, file });
    if (byName !== undefined || digest.algorithm !== 'sha256') return byName;
    return this.#index.findDigest(digest.hex);
  }

  async #refreshWhenOlderThan(limitMs: number): Promise<boolean> {
    const ageMs = await this.#index.ageMs();
    if (ageMs !== undefined && ageMs < limitMs) return false;
    try {
      this.#refresh ??= this.#rebuild().finally(() => (this.#refresh = undefined));
      await this.#refresh;
      return true;
    } catch (error) {
      if (ageMs === undefined) throw error;
      this.#logger.warn('the index of source archives could not be renewed', {
        error: messageOf(error),
      });
      return false;
    }
  }

  async #rebuild(): Promise<void> {
    await sweepTemporary(this.#options.stateDirectory, this.#clock.now());
    const suites = this.#options.suites ?? ['bookworm', 'trixie', 'sid'];
    const results = await Promise.allSettled(suites.map((suite) => this.#updateSuite(suite)));
    const reached = results.filter((result) => result.status === 'fulfilled');
    if (reached.length === 0) throw results.find((result) => result.status === 'rejected')?.reason;
    await this.#index.rebuild(reached.map((result) => result.value));
    this.#logger.info('index of source archives built', { suites: reached.length });
  }

  async #updateSuite(suite: string): Promise<SuiteIndexes> {
    const apt = await this.#apt(suite);
    await apt.update();
    return { suite, files: await apt.indexFiles('Sources') };
  }

  async #apt(suite: string): Promise<AptDirectory> {
    const { source } = await hostArchive(this.#options.etc ?? '/etc');
    return AptDirectory.open({
      directory: join(this.#options.stateDirectory, suite),
      source,
      type: 'deb-src',
      suite,
      environment: aptEnvironment(this.#options.environment ?? process.env),
    });
  }

  async #fetch(
    source: IndexedSource,
    signal: AbortSignal | undefined,
  ): Promise<AsyncIterable<Uint8Array>> {
    const apt = await this.#apt(source.suite);
    const directory = await makeTemporary(this.#options.stateDirectory, this.#random);
    const options = ['-q', '--download-only', '--only-source', '--tar-only'];
    try {
      const wanted = `${source.package}=${source.version}`;
      await apt.run(['apt-get', ...options, 'source', wanted], { cwd: directory, signal });
      return contentThenRemove(join(directory, source.file), directory);
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      signal?.throwIfAborted();
      throw gone(source, error);
    }
  }
}

async function* contentThenRemove(file: string, directory: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file, { highWaterMark: 2 ** 18 });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function gone(source: IndexedSource, cause: unknown): KilnError {
  const name = `${source.package} ${source.version}`;
  return new KilnError(
    'SOURCE_UNAVAILABLE',
    `Debian's ${source.suite} lists ${shorten(source.file)} of ${name}, but it could not be fetched: ${messageOf(cause)}`,
    {
      retry: 'later',
      hint: 'sid drops old versions within hours: pin a version that a stable release has',
      cause,
    },
  );
}
