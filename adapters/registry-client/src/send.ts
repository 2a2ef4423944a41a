import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const idleMs = 120_000;
const bodyBytesMax = 64 * 1024;

/** A request of known length; registries want to know it before. */
export interface SentRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
  readonly body?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** The first 64 KiB. */
  readonly body: string;
}

/** Sends a request and reads the answer. Throws the network's errors, and the signal's reason. */
export async function send(sent: SentRequest): Promise<Answer> {
  const { request } = sent.url.protocol === 'https:' ? https : http;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
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
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      if (body.length < bodyBytesMax) body += chunk;
    });
    response.once('error', reject);
    response.once('end', () =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
    );
  });
  const answer = promise;
  answer.catch(() => undefined);
  try {
    await pipeline(Readable.from(sent.body ?? [], { objectMode: false }), outgoing);
  } catch (error) {
    // A registry may answer before it has read everything, and close: then its answer says more.
    sent.signal.throwIfAborted();
    return await Promise.race([
      answer,
      new Promise<never>((_, fail) => setTimeout(() => fail(error as Error), 1000).unref()),
    ]);
  }
  return answer;
}
