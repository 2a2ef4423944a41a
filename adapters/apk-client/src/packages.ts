import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { KilnError, digestFromHex, hexOf, messageOf, shorten } from '@kiln/base';
import type { Clock, Digest, Random } from '@kiln/base';
import { blobUnknown } from '@kiln/blobs';
import type { GuestPackage } from '@kiln/solve';
import { writeDurably } from './durable-file.ts';
import { failure, hasErrno, shown } from './failure.ts';
import type { Http } from './http.ts';
import { CheckedFiles } from './checked-files.ts';
import type { FileCheck } from './checked-files.ts';
import { checkPackage } from './package-check.ts';
import type { BeforeData, CheckedPackage } from './package-check.ts';

export interface PackageFilesOptions {
  /**
   * Made when absent. Holds `<sha256>.apk`, `<sha1 of the control segment>` that names it, and itself behind that, and in `checked`
   * what was found about files of directories.
   */
  readonly directory: string;
  readonly http: Http;
  readonly offline: boolean;
  readonly packageBytesMax: number;
  readonly random: Random;
  readonly clock: Clock;
}

/** More than the index says of a package's size: it may have been signed again since. */
const spareBytes = 64 * 1024;
const abandonedAfterMs = 24 * 60 * 60 * 1000;

/**
 * The files of packages. Those of servers are downloaded once, checked against the index, and only then get their name, by
 * rename; a crash leaves a temporary file, which goes after a day. Those of directories stay where they are. Several
 * processes may share the directory; removing it, or any part of it while nobody reads, is always safe.
 */
export class PackageFiles {
  readonly #options: PackageFilesOptions;
  readonly #local = new Map<Digest, string>();
  readonly #beforeData = new Map<Digest, BeforeData>();
  readonly #checked: CheckedFiles;
  #ready: Promise<void> | undefined;

  constructor(options: PackageFilesOptions) {
    this.#options = options;
    const { directory, clock, random } = options;
    this.#checked = new CheckedFiles({ directory: join(directory, 'checked'), clock, random });
  }

  /**
   * The digest of a package's file, which can be read from then on. Throws `APK_CLIENT_CHECKSUM_MISMATCH`,
   * `APK_CLIENT_UNREADABLE`, `APK_CLIENT_OFFLINE`, and what `Http.get` throws.
   */
  async obtain(wanted: GuestPackage, signal?: AbortSignal): Promise<Digest> {
    if (!/^https?:\/\//.test(wanted.url)) return this.#obtainLocal(wanted);
    const known = await this.#known(wanted);
    if (known !== undefined) return known;
    if (this.#options.offline) {
      throw failure(
        'APK_CLIENT_OFFLINE',
        `${shown(wanted.url)} is not at hand, and nobody is asked`,
        {
          hint: 'fetch it once while there is a network',
        },
      );
    }
    await mkdir(this.#options.directory, { recursive: true });
    await this.#swept();
    return this.#download(wanted, signal);
  }

  /**
   * Does `work` with a package that `obtain` gives, and once more with one that is downloaded anew where the file that was kept turns out
   * to be damaged. Throws as `obtain`, and what `work` throws.
   */
  async use<T>(
    wanted: GuestPackage,
    work: (apk: Digest) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const apk = await this.obtain(wanted, signal);
    try {
      return await work(apk);
    } catch (error) {
      if (signal?.aborted === true || this.#local.has(apk) || (await this.#isWhole(apk)))
        throw error;
    }
    await rm(this.#path(apk), { force: true });
    return work(await this.obtain(wanted, signal));
  }

  /** Where the file of a package that was obtained here is. */
  path(apk: Digest): string {
    return this.#local.get(apk) ?? this.#path(apk);
  }

  /**
   * What is before the data of a package that was read here to its end and is what its digest says; undefined for others.
   * Who compares it, and then the data with the hash in it, has compared the file.
   */
  beforeData(apk: Digest): BeforeData | undefined {
    return this.#beforeData.get(apk);
  }

  /**
   * The parts of a package's file, which is obtained, and then checked against the lock once more: the file at hand is read to
   * its end. Throws as `obtain`.
   */
  async sections(wanted: GuestPackage, signal?: AbortSignal): Promise<CheckedPackage> {
    if (!/^https?:\/\//.test(wanted.url)) return this.#checkLocal(wanted);
    return this.use(wanted, (apk) => checkPackage(this.#path(apk), wanted), signal);
  }

  /** The bytes of a package that was obtained here. Throws `BLOB_UNKNOWN`. */
  async *read(apk: Digest): AsyncGenerator<Uint8Array> {
    try {
      yield* createReadStream(this.path(apk), {
        highWaterMark: 256 * 1024,
      }) as AsyncIterable<Buffer>;
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) throw blobUnknown(apk);
      throw error;
    }
  }

  /** False for a file that was removed meanwhile, too. */
  async #isWhole(apk: Digest): Promise<boolean> {
    const sum = createHash('sha256');
    try {
      for await (const chunk of createReadStream(this.#path(apk)) as AsyncIterable<Buffer>)
        sum.update(chunk);
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return false;
      throw error;
    }
    return digestFromHex(sum.digest('hex')) === apk;
  }

  /** One that was checked before, and is what it was, is not read. */
  async #obtainLocal(wanted: GuestPackage): Promise<Digest> {
    const known = await readable(wanted, () => this.#checked.find(wanted.url, wanted));
    if (known === undefined) return (await this.#checkLocal(wanted)).digest;
    return this.#noteLocal(wanted, known);
  }

  async #checkLocal(wanted: GuestPackage): Promise<CheckedPackage> {
    const { url } = wanted;
    return readable(wanted, async () => {
      const state = this.#checked.stateBefore(url);
      const checked = await checkPackage(url, wanted);
      const { digest, beforeData } = checked;
      this.#checked.keep(url, { expected: wanted, state, check: { digest, beforeData } });
      this.#noteLocal(wanted, checked);
      return checked;
    });
  }

  #noteLocal({ url }: GuestPackage, { digest, beforeData }: FileCheck): Digest {
    this.#local.set(digest, url);
    this.#beforeData.set(digest, beforeData);
    return digest;
  }

  async #known(wanted: GuestPackage): Promise<Digest | undefined> {
    const pointer = this.#pointer(wanted);
    try {
      const [hex = '', own = basename(pointer)] = (await readFile(pointer, 'latin1'))
        .trim()
        .split(' ');
      const digest = digestFromHex(hex);
      // One that is another's is written again, as one that is damaged.
      if (own !== basename(pointer)) return undefined;
      await stat(this.#path(digest));
      return digest;
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return undefined;
      if (error instanceof KilnError) return undefined;
      throw error;
    }
  }

  #download(wanted: GuestPackage, signal: AbortSignal | undefined): Promise<Digest> {
    const { http, packageBytesMax, random } = this.#options;
    const bytesMax = wanted.sizeBytes > 0 ? wanted.sizeBytes + spareBytes : packageBytesMax;
    return http.get({ url: wanted.url, bytesMax, signal }, async ({ body }) => {
      const temporary = this.#temporary();
      let digest: Digest | undefined;
      await writeDurably({
        temporary,
        source: body,
        place: async () => {
          digest = await this.#check(temporary, wanted);
          return this.#path(digest);
        },
      });
      if (digest === undefined) throw new Error('assertion failed: the file was checked');
      const pointer = this.#pointer(wanted);
      await writeDurably({
        temporary: `${pointer}.${random.id()}.tmp`,
        source: [Buffer.from(`${hexOf(digest)} ${basename(pointer)}\n`)],
        place: () => pointer,
      });
      return digest;
    });
  }

  /** A file that is too short was cut, and is worth another attempt. */
  async #check(path: string, wanted: GuestPackage): Promise<Digest> {
    try {
      const { digest, beforeData } = await checkPackage(path, wanted);
      this.#beforeData.set(digest, beforeData);
      return digest;
    } catch (error) {
      const { size } = await stat(path);
      if (!(error instanceof KilnError) || size >= wanted.sizeBytes) throw error;
      throw failure(
        'APK_CLIENT_UNAVAILABLE',
        `${shown(wanted.url)} ends after ${size} of ${wanted.sizeBytes} bytes`,
        { retry: 'later', hint: 'check the network and the server', cause: error },
      );
    }
  }

  /** Once: removes what crashes left behind. */
  #swept(): Promise<void> {
    this.#ready ??= this.#sweep();
    return this.#ready;
  }

  async #sweep(): Promise<void> {
    const { directory, clock } = this.#options;
    for (const name of (await readdir(directory)).filter((one) => one.endsWith('.tmp'))) {
      const path = join(directory, name);
      try {
        const { mtimeMs } = await lstat(path);
        if (mtimeMs <= clock.now() - abandonedAfterMs) await rm(path, { force: true });
      } catch (error) {
        // Another process was faster.
        if (!hasErrno(error, 'ENOENT')) throw error;
      }
    }
  }

  #temporary(): string {
    return join(this.#options.directory, `${this.#options.random.id()}.tmp`);
  }

  #path(apk: Digest): string {
    return join(this.#options.directory, `${hexOf(apk)}.apk`);
  }

  /** The checksum is base64, which is no file name. */
  #pointer({ checksum }: GuestPackage): string {
    return join(this.#options.directory, Buffer.from(checksum.slice(2), 'base64').toString('hex'));
  }
}

/** Says which file of a directory the system could not read. Throws `APK_CLIENT_UNREADABLE`. */
async function readable<T>({ url }: GuestPackage, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KilnError) throw error;
    throw failure(
      'APK_CLIENT_UNREADABLE',
      `cannot read ${shorten(url, 200)}: ${messageOf(error)}`,
      { hint: 'the index lists it; build it again, or make the index again', cause: error },
    );
  }
}
