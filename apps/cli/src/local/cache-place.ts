import { createReadStream } from 'node:fs';
import fs from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { replaceFile } from '@kiln/apk-files';
import { KilnError, messageOf, shorten, systemRandom, withIdleLimit } from '@kiln/base';
import { folderPlace } from '../folder-place.ts';

/** Content for a place that must know its size before. */
export interface CacheContent {
  readonly sizeBytes: number;
  read(): AsyncIterable<Uint8Array>;
}

/** Where results of builds are shared: names and bytes, of which nothing is believed. Every method throws `CACHE_UNREACHABLE`. */
export interface CachePlace {
  /** For messages; without a password. */
  readonly shown: string;
  has(name: string): Promise<boolean>;
  /** Undefined when there is nothing of that name. */
  read(name: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  write(name: string, content: CacheContent): Promise<void>;
}

const answerMs = 20_000;
const idleMs = 60_000;

/**
 * A folder, or an address below which a server answers GET, HEAD and PUT: a bucket, WebDAV. A user and a password in the
 * address go into the header. Throws `USAGE` for an address that is none.
 */
export function cachePlace(text: string): CachePlace {
  if (!/^https?:\/\//.test(text)) return new FolderPlace(folderPlace(text));
  if (!URL.canParse(text)) throw new KilnError('USAGE', `not an address: ${shorten(text)}`);
  return new HttpPlace(new URL(text));
}

class FolderPlace implements CachePlace {
  readonly shown: string;

  constructor(folder: string) {
    this.shown = folder;
  }

  has(name: string): Promise<boolean> {
    return this.#try(async () => (await this.#stat(name)) !== undefined);
  }

  read(name: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    return this.#try(async () =>
      (await this.#stat(name)) === undefined
        ? undefined
        : createReadStream(path.join(this.shown, name)),
    );
  }

  write(name: string, content: CacheContent): Promise<void> {
    return this.#try(async () => {
      const file = path.join(this.shown, name);
      await fs.mkdir(path.dirname(file), { recursive: true });
      await replaceFile(file, content.read(), systemRandom);
    });
  }

  async #stat(name: string): Promise<object | undefined> {
    try {
      const stat = await fs.stat(path.join(this.shown, name));
      return stat.isFile() ? stat : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw unreachable(this.shown, messageOf(error), error);
    }
  }
}

interface Answer {
  readonly response: Response;
  /** Ends the transfer. */
  readonly stalled: AbortController;
}

class HttpPlace implements CachePlace {
  readonly shown: string;
  readonly #base: URL;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(address: URL) {
    const { username, password } = address;
    this.#headers = {
      'user-agent': 'kiln',
      'accept-encoding': 'identity',
      ...(username === '' && password === ''
        ? {}
        : { authorization: basic(decodeURIComponent(username), decodeURIComponent(password)) }),
    };
    const bare = new URL(address);
    bare.username = '';
    bare.password = '';
    bare.search = '';
    bare.hash = '';
    bare.pathname = `${bare.pathname.replace(/\/+$/, '')}/`;
    this.#base = bare;
    this.shown = bare.href;
  }

  async has(name: string): Promise<boolean> {
    const { response } = await this.#fetch('HEAD', name);
    return this.#found(response);
  }

  async read(name: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const { response, stalled } = await this.#fetch('GET', name);
    if (this.#found(response)) return this.#watched(response.body ?? [], stalled);
    await response.body?.cancel();
    return undefined;
  }

  /** Servers of buckets want to know the length before, which `fetch` does not tell them. */
  async write(name: string, content: CacheContent): Promise<void> {
    const address = new URL(name, this.#base);
    const { request } = address.protocol === 'https:' ? https : http;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const sent = request(address, {
      method: 'PUT',
      headers: {
        ...this.#headers,
        'content-type': 'application/octet-stream',
        'content-length': content.sizeBytes,
      },
      timeout: idleMs,
    });
    sent.once('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.once('error', reject);
    sent.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    try {
      await pipeline(Readable.from(content.read(), { objectMode: false }), sent);
      const status = await promise;
      if (status < 200 || status > 299) throw new Error(`answered ${status}`);
    } catch (error) {
      promise.catch(() => undefined);
      throw unreachable(this.shown, messageOf(error), error);
    }
  }

  async #fetch(method: 'GET' | 'HEAD', name: string): Promise<Answer> {
    const stalled = new AbortController();
    const timer = setTimeout(() => stalled.abort(new Error('no answer in time')), answerMs);
    try {
      const response = await fetch(new URL(name, this.#base), {
        method,
        headers: this.#headers,
        signal: stalled.signal,
      });
      return { response, stalled };
    } catch (error) {
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      throw unreachable(this.shown, messageOf(cause), error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** What comes, as long as it comes. */
  async *#watched(
    body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    stalled: AbortController,
  ): AsyncGenerator<Uint8Array> {
    try {
      yield* withIdleLimit(body, idleMs, stalled);
    } catch (error) {
      throw unreachable(this.shown, messageOf(error), error);
    }
  }

  #found({ status }: Response): boolean {
    if (status >= 200 && status < 300) return true;
    // A bucket that may not be listed says 403 of what it does not have.
    if (status === 404 || status === 403) return false;
    throw unreachable(this.shown, `answered ${status}`);
  }
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function unreachable(place: string, reason: string, cause?: unknown): KilnError {
  return new KilnError('CACHE_UNREACHABLE', `cache ${shorten(place)}: ${shorten(reason)}`, {
    hint: 'builds go on without it',
    retry: 'later',
    cause,
  });
}
