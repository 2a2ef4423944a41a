import type { Digest, Logger } from '@kiln/base';
import {
  KilnError,
  digestFromHex,
  messageOf,
  shorten,
  silentLogger,
  withoutUserInfo,
} from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { FetchedSource, SourceFetcher, SourceMirror, SourceRequest } from '@kiln/build';
import type { DigestIndex } from './digest-index.ts';
import { DigestCheck, mismatch } from './digest-check.ts';
import type { FetchUrl } from './fetch-url.ts';
import { fetchUrl as fetchHttp } from './fetch-url.ts';

export interface SourcesOptions {
  readonly blobs: BlobStore;
  /** Asked in this order, after the store and before the URL. */
  readonly mirrors: readonly SourceMirror[];
  /** Which blob has a SHA-512; without it a source named so is fetched each time. */
  readonly sha512?: DigestIndex;
  /** Answers a URL with a stream; undefined for "not there". Default: HTTPS with limits. */
  readonly fetchUrl?: FetchUrl;
  /** Bytes of one source; default 8 GiB. */
  readonly bytesMax?: number;
  readonly logger?: Logger;
}

/**
 * Sources by digest: from the store, else from the first mirror that knows them, else from their URL. What comes in is
 * verified while it is stored, and never visible before. A mirror that fails is passed over and remembered for
 * the message; wrong bytes of a mirror are, too; wrong bytes of the URL end the search.
 */
export class Sources implements SourceFetcher {
  readonly #options: SourcesOptions;
  readonly #logger: Logger;

  constructor(options: SourcesOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
  }

  /** Throws `SOURCE_DIGEST_MISMATCH`, `SOURCE_UNAVAILABLE` (retry later), the signal's reason. */
  async fetch(request: SourceRequest, signal?: AbortSignal): Promise<FetchedSource> {
    const known = await this.#stored(request);
    if (known !== undefined) return known;
    const failures: Failure[] = [];
    for (const mirror of this.#options.mirrors) {
      const found = await this.#try(mirror.name, request, failures, signal, () =>
        mirror.find(request, signal),
      );
      if (found !== undefined) return found;
    }
    if (/^https?:\/\//.test(request.uri)) {
      const fetchUrl = this.#options.fetchUrl ?? fetchHttp;
      const found = await this.#try('url', request, failures, signal, () =>
        fetchUrl(request.uri, signal),
      );
      if (found !== undefined) return found;
    }
    throw failureOf(request, failures);
  }

  async #stored(request: SourceRequest): Promise<FetchedSource | undefined> {
    const blob = await this.#blobOf(request);
    const found = blob === undefined ? undefined : await this.#options.blobs.stat(blob);
    if (found === undefined) return undefined;
    return { blob: found.digest, sizeBytes: found.sizeBytes, from: 'store' };
  }

  async #blobOf({ digest }: SourceRequest): Promise<Digest | undefined> {
    if (digest.algorithm === 'sha256') return digestFromHex(digest.hex);
    return this.#options.sha512?.get(digest.hex);
  }

  async #try(
    from: string,
    request: SourceRequest,
    failures: Failure[],
    signal: AbortSignal | undefined,
    open: () => Promise<AsyncIterable<Uint8Array> | undefined>,
  ): Promise<FetchedSource | undefined> {
    try {
      const content = await open();
      return content === undefined ? undefined : await this.#keep(from, request, content);
    } catch (error) {
      signal?.throwIfAborted();
      if (isLocal(error)) throw error;
      this.#logger.warn('a place for sources failed', { from, error: messageOf(error) });
      failures.push({ from, error });
      return undefined;
    }
  }

  async #keep(
    from: string,
    request: SourceRequest,
    content: AsyncIterable<Uint8Array>,
  ): Promise<FetchedSource> {
    const check = new DigestCheck(request, this.#options.bytesMax ?? 8 * 2 ** 30);
    const stored = await this.#options.blobs.put(check.through(content));
    if (request.digest.algorithm === 'sha512') {
      await this.#options.sha512?.set(request.digest.hex, stored.digest);
    }
    return { blob: stored.digest, sizeBytes: stored.sizeBytes, from };
  }
}

interface Failure {
  readonly from: string;
  readonly error: unknown;
}

/** Trouble of our own store is no fault of a mirror. */
function isLocal(error: unknown): boolean {
  return error instanceof KilnError && error.code.startsWith('BLOB_');
}

function failureOf(request: SourceRequest, failures: readonly Failure[]): KilnError {
  const wrong = failures.find(({ error }) => isMismatch(error))?.error;
  const asked = failures.at(-1);
  // Wrong bytes from the address itself, or from everywhere, are a verdict; a mirror's alone are not.
  if (wrong instanceof KilnError && (asked?.from === 'url' ? isMismatch(asked.error) : true)) {
    return wrong;
  }
  const reasons = failures.map(({ from, error }) => `${from}: ${messageOf(error)}`);
  const hints = failures.map(({ error }) => (error instanceof KilnError ? error.hint : undefined));
  return new KilnError(
    'SOURCE_UNAVAILABLE',
    `source unavailable: ${shorten(withoutUserInfo(request.uri), 200)}${reasons.map((reason) => `; ${reason}`).join('')}`,
    {
      retry: 'later',
      hint:
        hints.find((hint) => hint !== undefined) ??
        'no mirror lists its digest; check the network and the address',
      details: { algorithm: request.digest.algorithm, digest: request.digest.hex },
    },
  );
}

function isMismatch(error: unknown): boolean {
  return error instanceof KilnError && error.code === mismatch;
}
