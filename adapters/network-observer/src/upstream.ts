import dns from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { KilnError, messageOf, type Digest } from '@kiln/base';
import type { ObservedRequest } from '@kiln/build';
import { isAllowed, isPrivate, privateHost, refusePrivate } from './target.ts';

export interface UpstreamOptions {
  /** Hosts that may be private, as `isAllowed` reads them. */
  readonly allowed: readonly string[];
  readonly idleMs: number;
  /** Authorities beside those that Node trusts, as PEM. */
  readonly authorities?: readonly string[];
}

export interface UpstreamRequest extends Omit<ObservedRequest, 'sent'> {
  readonly sent?: { readonly digest: Digest; readonly bytes: Uint8Array };
  /** Sent along and no part of what decides the answer. */
  readonly userAgent: string;
}

/** Asks the servers that a build's requests are for. */
export class Upstream implements Disposable {
  readonly #options: UpstreamOptions;
  readonly #agents: { readonly 'http:': http.Agent; readonly 'https:': https.Agent };

  constructor(options: UpstreamOptions) {
    this.#options = options;
    const keep = { keepAlive: true, maxSockets: 16, maxTotalSockets: 64 };
    const { authorities } = options;
    this.#agents = {
      'http:': new http.Agent(keep),
      'https:': new https.Agent({
        ...keep,
        ...(authorities === undefined ? {} : { ca: [...authorities] }),
      }),
    };
  }

  /**
   * The answer, whatever its status; a redirect is an answer. Throws `NETWORK_REFUSED` for a private address and
   * `NETWORK_UNAVAILABLE` (retry later) when there is none.
   */
  async ask(request: UpstreamRequest): Promise<http.IncomingMessage> {
    const url = new URL(request.url);
    const open = isAllowed(url, this.#options.allowed);
    if (!open) refusePrivate(url);
    const secure = url.protocol === 'https:';
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    const outgoing = (secure ? https : http).request(
      url,
      {
        method: request.method,
        headers: headersOf(request),
        agent: this.#agents[secure ? 'https:' : 'http:'],
        lookup: open ? lookupAny : lookupPublic,
        timeout: this.#options.idleMs,
      },
      resolve,
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('does not answer in time')));
    outgoing.on('error', reject);
    outgoing.end(request.sent?.bytes);
    try {
      return await promise;
    } catch (error) {
      if (error instanceof KilnError) throw error;
      throw unavailable(url, error);
    }
  }

  [Symbol.dispose](): void {
    this.#agents['http:'].destroy();
    this.#agents['https:'].destroy();
  }
}

function headersOf({ headers, sent, userAgent }: UpstreamRequest): http.OutgoingHttpHeaders {
  return {
    ...headers,
    'user-agent': userAgent,
    // What is recorded is the content and not one of its forms.
    'accept-encoding': 'identity',
    ...(sent === undefined ? {} : { 'content-length': sent.bytes.length }),
  };
}

export function unavailable(url: URL, error: unknown): KilnError {
  const reason = (error as NodeJS.ErrnoException).code ?? messageOf(error);
  return new KilnError('NETWORK_UNAVAILABLE', `${url.host} cannot be reached: ${reason}`, {
    retry: 'later',
    hint: 'check the network and the address',
    cause: error,
  });
}

const lookupAny: LookupFunction = (hostname, options, callback) => {
  dns.lookup(hostname, options, callback);
};

/** Resolves a name once, and refuses it when any of its addresses is private: what is checked is what is connected to. */
const lookupPublic: LookupFunction = (hostname, options, callback) => {
  dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    if (error !== null || first === undefined)
      return callback(error ?? new Error('no address'), '');
    if (addresses.some(({ address }) => isPrivate(address)))
      return callback(privateHost(hostname), '');
    return options.all === true
      ? callback(null, addresses)
      : callback(null, first.address, first.family);
  });
};
