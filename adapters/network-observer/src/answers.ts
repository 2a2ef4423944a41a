import type http from 'node:http';
import { once } from 'node:events';
import { KilnError } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import {
  networkRecord,
  requestKey,
  type NetworkRecord,
  type ObservedAnswer,
  type ObservedRequest,
} from '@kiln/build';
import type { ObserverLimits } from './limits.ts';
import { parseTarget } from './target.ts';
import { unavailable, type Upstream, type UpstreamRequest } from './upstream.ts';

export interface AnswersOptions {
  readonly upstream: Pick<Upstream, 'ask'>;
  /** Keeps the contents. */
  readonly blobs: BlobStore;
  readonly known: NetworkRecord | undefined;
  readonly limits: ObserverLimits;
}

/** The headers of an answer that clients go by; what depends on when or by whom it is given is left out. */
const keptHeaders = [
  'content-type',
  'content-encoding',
  'content-disposition',
  'etag',
  'last-modified',
  'link',
  'location',
  'www-authenticate',
];

/** Answers that say something about the moment and not about what was asked for. */
const passing = new Set([408, 425, 429]);

const redirectsMax = 8;

/**
 * What a build gets from the network. A request has one answer: the first is fetched and remembered, later ones get it from
 * the blob store. A known answer is given from there too; when its content is gone it is fetched, and given only if it is
 * the same.
 */
export class Answers {
  readonly #options: AnswersOptions;
  readonly #known: ReadonlyMap<string, ObservedAnswer>;
  readonly #given = new Map<string, Promise<ObservedAnswer | undefined>>();
  readonly #recorded: ObservedAnswer[] = [];
  #requests = 0;
  #bytes = 0;
  #unsteady = false;

  constructor(options: AnswersOptions) {
    this.#options = options;
    this.#known = new Map(
      (options.known?.answers ?? []).map((one) => [requestKey(one.request), one]),
    );
  }

  /** Whether an answer said that its server is in trouble. */
  get unsteady(): boolean {
    return this.#unsteady;
  }

  record(): NetworkRecord {
    return networkRecord(this.#recorded);
  }

  /**
   * Answers a request. Returns what the log says of it. Throws `NETWORK_REFUSED`, `NETWORK_UNAVAILABLE`, `NETWORK_CHANGED`
   * when it is another answer than the known one, and `NETWORK_LIMIT`; then the client has no whole answer.
   */
  async give(request: UpstreamRequest, response: http.ServerResponse): Promise<string> {
    this.#requests += 1;
    if (this.#requests > this.#options.limits.requestsMax)
      throw limit(`more than ${this.#options.limits.requestsMax} requests`);
    const key = requestKey(observed(request));
    const earlier = await this.#given.get(key)?.catch(() => undefined);
    if (earlier !== undefined) {
      await this.#serve(earlier, response);
      return said(earlier, 'again');
    }
    const first = this.#first(request, response);
    this.#given.set(
      key,
      first.then(({ answer }) => answer),
    );
    // Who waits for it hears of its end; who does not is told below.
    this.#given.get(key)?.catch(() => undefined);
    try {
      const { answer, text } = await first;
      if (answer === undefined) this.#given.delete(key);
      else this.#recorded.push(answer);
      return text;
    } catch (error) {
      this.#given.delete(key);
      throw error;
    }
  }

  async #first(
    request: UpstreamRequest,
    response: http.ServerResponse,
  ): Promise<{ readonly answer: ObservedAnswer | undefined; readonly text: string }> {
    const known = this.#known.get(requestKey(observed(request)));
    const stored = known && (await this.#options.blobs.stat(known.content.digest));
    if (known !== undefined && stored !== undefined) {
      await this.#serve(known, response);
      return { answer: known, text: said(known, 'known') };
    }
    if (known !== undefined) {
      await this.#fetchAgain(known, request);
      await this.#serve(known, response);
      return { answer: known, text: said(known, 'known, fetched again') };
    }
    const message = await this.#options.upstream.ask(request);
    const status = message.statusCode ?? 502;
    const length = message.headers['content-length'];
    response.writeHead(status, {
      ...headersFor(message, request),
      ...(length === undefined ? {} : { 'content-length': length }),
    });
    const answer = await this.#store(request, message, response);
    response.end();
    const passes = status >= 500 || passing.has(status);
    this.#unsteady ||= passes;
    return { answer: passes ? undefined : answer, text: said(answer, '') };
  }

  /**
   * Gets the content of a known answer once more. An address that a redirect gave is often signed and good for minutes: when it
   * gives something else, who gave it is asked for another.
   */
  async #fetchAgain(known: ObservedAnswer, request: UpstreamRequest): Promise<void> {
    const answer = await this.#fetch(request);
    if (isSame(known, answer)) return;
    const origin = this.#originOf(request.url);
    if (origin !== undefined && isSame(known, await this.#follow({ ...request, url: origin })))
      return;
    throw changed(known, answer);
  }

  /** The address from which known redirects lead to this one. */
  #originOf(url: string): string | undefined {
    let origin: string | undefined;
    for (let steps = 0; steps < redirectsMax; steps += 1) {
      const at = origin ?? url;
      const before = [...this.#known.values()].find((one) => targetOf(one)?.href === at);
      if (before === undefined) break;
      origin = before.request.url;
    }
    return origin;
  }

  async #follow(request: UpstreamRequest): Promise<ObservedAnswer> {
    let answer = await this.#fetch(request);
    for (let steps = 0; steps < redirectsMax; steps += 1) {
      const target = targetOf(answer);
      if (target === undefined) break;
      answer = await this.#fetch({ ...request, url: parseTarget(target.href).href });
    }
    return answer;
  }

  async #fetch(request: UpstreamRequest): Promise<ObservedAnswer> {
    return this.#store(request, await this.#options.upstream.ask(request), undefined);
  }

  /** Puts the content of an answer into the store, and meanwhile into the client's hands. */
  async #store(
    request: UpstreamRequest,
    message: http.IncomingMessage,
    client: http.ServerResponse | undefined,
  ): Promise<ObservedAnswer> {
    const content = await this.#options.blobs.put(this.#watched(request, message, client));
    return {
      request: observed(request),
      status: message.statusCode ?? 502,
      headers: headersFor(message, request),
      content: { digest: content.digest, sizeBytes: content.sizeBytes },
    };
  }

  async *#watched(
    request: UpstreamRequest,
    message: http.IncomingMessage,
    client: http.ServerResponse | undefined,
  ): AsyncGenerator<Uint8Array> {
    const { answerBytesMax, totalBytesMax } = this.#options.limits;
    let size = 0;
    try {
      for await (const chunk of message as AsyncIterable<Buffer>) {
        size += chunk.length;
        this.#bytes += chunk.length;
        if (size > answerBytesMax)
          throw limit(`more than ${answerBytesMax} bytes of ${request.url}`);
        if (this.#bytes > totalBytesMax) throw limit(`more than ${totalBytesMax} bytes in all`);
        yield chunk;
        await pass(client, chunk);
      }
    } catch (error) {
      throw error instanceof KilnError ? error : unavailable(new URL(request.url), error);
    }
  }

  async #serve(answer: ObservedAnswer, response: http.ServerResponse): Promise<void> {
    const { request, status, headers, content } = answer;
    const length = hasBody(request, status) ? { 'content-length': content.sizeBytes } : {};
    response.writeHead(status, { ...headers, ...length });
    if (hasBody(request, status))
      for await (const chunk of this.#options.blobs.read(content.digest))
        await pass(response, chunk);
    response.end();
  }
}

/** Hands bytes to a client, no faster than it takes them. What it does not wait for is fetched and kept all the same. */
async function pass(client: http.ServerResponse | undefined, chunk: Uint8Array): Promise<void> {
  if (client === undefined || client.destroyed || client.write(chunk)) return;
  const gone = new AbortController();
  const stop = (): void => gone.abort();
  client.once('close', stop);
  // Gone while it was waited for: the next one sees that.
  await once(client, 'drain', { signal: gone.signal }).catch(() => undefined);
  client.off('close', stop);
}

function observed({ method, url, headers, sent }: UpstreamRequest): ObservedRequest {
  return { method, url, headers, ...(sent === undefined ? {} : { sent: sent.digest }) };
}

function hasBody({ method }: ObservedRequest, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304;
}

function headersFor(
  message: http.IncomingMessage,
  { method }: UpstreamRequest,
): Readonly<Record<string, string>> {
  // Of what a HEAD is asked for, the size is an answer.
  const names = method === 'HEAD' ? [...keptHeaders, 'content-length'] : keptHeaders;
  const kept = names.flatMap((name) => {
    const value = message.headers[name];
    return value === undefined ? [] : [[name, [value].flat().join(', ')] as const];
  });
  return Object.fromEntries(kept);
}

/** Where a redirect leads. */
function targetOf({ request, status, headers }: ObservedAnswer): URL | undefined {
  const { location } = headers;
  if (location === undefined || status < 300 || status >= 400) return undefined;
  const target = URL.parse(location, request.url) ?? undefined;
  if (target !== undefined) target.hash = '';
  return target;
}

function isSame(known: ObservedAnswer, answer: ObservedAnswer): boolean {
  return known.status === answer.status && known.content.digest === answer.content.digest;
}

function changed(known: ObservedAnswer, answer: ObservedAnswer): KilnError {
  const shown = ({ status, content }: ObservedAnswer): string => `${status} ${content.digest}`;
  return new KilnError(
    'NETWORK_CHANGED',
    `${known.request.url} gave ${shown(known)} and now gives ${shown(answer)}`,
    {
      hint: 'find out who changed it and why; a build that is meant to differ has another recipe, or is given another record',
    },
  );
}

function said({ request, status, content }: ObservedAnswer, how: string): string {
  const text = `${request.method} ${request.url}: ${status}, ${content.sizeBytes} bytes`;
  return how === '' ? `${text}, ${content.digest}` : `${text}, ${how}`;
}

function limit(what: string): KilnError {
  return new KilnError('NETWORK_LIMIT', `too much for one build: ${what}`, {
    hint: 'fetch large things as sources of the recipe',
  });
}
