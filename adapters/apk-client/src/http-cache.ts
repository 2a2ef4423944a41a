import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collect, digestOf } from '@kiln/base';
import type { Random } from '@kiln/base';
import { writeDurably } from './durable-file.ts';
import { failure, hasErrno, shown } from './failure.ts';
import type { Http, HttpAnswer, HttpRequest } from './http.ts';

export interface HttpCacheOptions {
  /** Made when absent; one file for each URL. */
  readonly directory: string;
  readonly http: Http;
  /** Answers from what is at hand and asks nobody. */
  readonly offline: boolean;
  readonly random: Random;
}

/** What was answered, and with which validators (RFC 9110, 8.8). */
interface Kept {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly bytes: Uint8Array;
}

/**
 * Small files of repositories, kept on disk by their URL. What is kept is used only when the server says that it is unchanged
 * (304), or offline, when asked to. A file that is damaged counts as absent.
 */
export class HttpCache {
  readonly #options: HttpCacheOptions;

  constructor(options: HttpCacheOptions) {
    this.#options = options;
  }

  /** Throws what `Http.get` throws, and `APK_CLIENT_OFFLINE`. */
  async read(request: Omit<HttpRequest, 'headers'>): Promise<Uint8Array> {
    const kept = await this.#load(request.url);
    if (this.#options.offline) {
      if (kept !== undefined) return kept.bytes;
      throw failure(
        'APK_CLIENT_OFFLINE',
        `${shown(request.url)} is not at hand, and nobody is asked`,
        {
          hint: 'fetch it once while there is a network',
        },
      );
    }
    const conditions = conditionsOf(kept);
    const answer = await this.#options.http.get(
      { ...request, ...(conditions === undefined ? {} : { headers: conditions }) },
      (found) => this.#take(request, found, kept),
    );
    return answer;
  }

  async #take(
    request: Omit<HttpRequest, 'headers'>,
    answer: HttpAnswer,
    kept: Kept | undefined,
  ): Promise<Uint8Array> {
    if (answer.status === 304 && kept !== undefined) return kept.bytes;
    // The answer bounds itself.
    const bytes = await collect(
      answer.body,
      Number.MAX_SAFE_INTEGER,
      () => new Error('unreachable'),
    );
    await this.#keep(request.url, {
      etag: answer.headers.get('etag') ?? undefined,
      lastModified: answer.headers.get('last-modified') ?? undefined,
      bytes,
    });
    return bytes;
  }

  async #load(url: string): Promise<Kept | undefined> {
    try {
      return parseKept(await readFile(this.#path(url)), url);
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async #keep(url: string, kept: Kept): Promise<void> {
    const { directory, random } = this.#options;
    await mkdir(directory, { recursive: true });
    const path = this.#path(url);
    await writeDurably({
      temporary: `${path}.${random.id()}.tmp`,
      source: [printKept(kept, url)],
      place: () => path,
    });
  }

  #path(url: string): string {
    return join(this.#options.directory, createHash('sha256').update(url).digest('hex'));
  }
}

function conditionsOf(kept: Kept | undefined): Readonly<Record<string, string>> | undefined {
  if (kept?.etag !== undefined) return { 'if-none-match': kept.etag };
  if (kept?.lastModified !== undefined) return { 'if-modified-since': kept.lastModified };
  return undefined;
}

/** A line of JSON about the bytes, then the bytes. */
function printKept({ etag, lastModified, bytes }: Kept, url: string): Uint8Array {
  const head = JSON.stringify({ url, etag, lastModified, digest: digestOf(bytes) });
  return Buffer.concat([Buffer.from(`${head}\n`), bytes]);
}

function parseKept(file: Uint8Array, url: string): Kept | undefined {
  const newline = file.indexOf(0x0a);
  const head = newline === -1 ? undefined : parseHead(file.subarray(0, newline));
  const bytes = file.subarray(newline + 1);
  if (head === undefined || head['url'] !== url || head['digest'] !== digestOf(bytes))
    return undefined;
  const text = (name: string): string | undefined =>
    typeof head[name] === 'string' ? head[name] : undefined;
  return { etag: text('etag'), lastModified: text('lastModified'), bytes };
}

function parseHead(line: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(line).toString('utf8'));
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
