import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const idleMs = 120_000;
const textBytesMax = 64 * 1024;

/** A request of known length; registries want to know it before. */
export interface SentRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
  readonly body?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly signal: AbortSignal;
}

/** An answer whose body has to be read to its end, or left by `destroy`. */
export interface OpenAnswer {
  /** Whose answer it is: another address than the first where that led elsewhere. */
  readonly url: URL;
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Readable;
}

export interface Answer {
  readonly url: URL;
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** The first 64 KiB. */
  readonly body: string;
}

/** Sends a request; the answer’s body is still to be read. Throws the network's errors, and the signal's reason. */
export async function openAnswer(sent: SentRequest): Promise<OpenAnswer> {
  const { request } = sent.url.protocol === 'https:' ? https : http;
  const { promise, resolve, reject } = Promise.withResolvers<OpenAnswer>();
  const outgoing = request(sent.url, {
    method: sent.method,
    headers: {
      'user-agent': 'kiln',
      ...sent.headers,
      ...(sent.method === 'GET' || sent.method === 'HEAD'
        ? {}
        : { 'content-length': String(sent.sizeBytes) }),
    },
    timeout: idleMs,
    signal: sent.signal,
  });
  outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in time')));
  outgoing.once('error', reject);
  outgoing.once('response', (response) => {
    // Whoever reads the body is told; until then nobody listens.
    response.on('error', () => undefined);
    resolve({
      url: sent.url,
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: response,
    });
  });
  promise.catch(() => undefined);
  try {
    await pipeline(Readable.from(sent.body ?? [], { objectMode: false }), outgoing);
  } catch (error) {
    // A registry may answer before it has read everything, and close: then its answer says more.
    sent.signal.throwIfAborted();
    return await Promise.race([
      promise,
      new Promise<never>((_, fail) => setTimeout(() => fail(error as Error), 1000).unref()),
    ]);
  }
  return promise;
}

/** Reads an answer to its end; of a longer one, which may have none, the first 64 KiB. */
export async function readText({ url, status, headers, body }: OpenAnswer): Promise<Answer> {
  let text = '';
  for await (const chunk of body.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.length >= textBytesMax) break;
  }
  return { url, status, headers, body: text };
}
