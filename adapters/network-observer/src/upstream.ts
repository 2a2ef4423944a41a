import dns from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { KilnError, messageOf, shorten, type Digest } from '@kiln/base';
import type { ObservedRequest } from '@kiln/build';
import type { HostProxies } from './host-proxies.ts';
import { hostOf, isAllowed, isPrivate, privateHost, refusePrivate } from './target.ts';

export interface UpstreamOptions {
  /** Hosts that may be private, as `isAllowed` reads them. */
  readonly allowed: readonly string[];
  readonly idleMs: number;
  /** By which the servers are asked. */
  readonly proxies: HostProxies;
  /** Whom to believe who a server is; asked for once, with the first request for `https`. */
  trust(): SecureContext;
}

export interface UpstreamRequest extends Omit<ObservedRequest, 'sent'> {
  readonly sent?: { readonly digest: Digest; readonly bytes: Uint8Array };
  /** Sent along and no part of what decides the answer. */
  readonly userAgent: string;
}

const pool = { keepAlive: true, maxSockets: 16, maxTotalSockets: 64 };

/** Asks the servers that a build's requests are for, directly or through the proxies that this machine has for them. */
export class Upstream implements Disposable {
  readonly #options: UpstreamOptions;
  readonly #plain: http.Agent;
  #secure: https.Agent | undefined;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#plain = new http.Agent({ ...pool, proxyEnv: { ...options.proxies } });
  }

  /**
   * The answer, whatever its status; a redirect is an answer. Throws `NETWORK_REFUSED` for a private address and
   * `NETWORK_UNAVAILABLE` (retry later where it may pass) when there is none.
   */
  async ask(request: UpstreamRequest): Promise<http.IncomingMessage> {
    const url = new URL(request.url);
    const open = isAllowed(url, this.#options.allowed);
    if (!open) await this.#refusePrivate(url);
    try {
      const message = await this.#askOnce(request, url, open ? dns.lookup : lookupPublic);
      if (message.statusCode !== 407) return message;
      // No server's answer, as servers have no such status.
      message.destroy();
      throw new Error('the proxy of this machine says 407 Proxy Authentication Required');
    } catch (error) {
      if (error instanceof KilnError) throw error;
      throw unavailable(url, error);
    }
  }

  /** Once more where a server had closed the connection that was to be used again. */
  async #askOnce(
    request: UpstreamRequest,
    url: URL,
    lookup: LookupFunction,
  ): Promise<http.IncomingMessage> {
    const secure = url.protocol === 'https:';
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    const outgoing = (secure ? https : http).request(
      url,
      {
        method: request.method,
        headers: headersOf(request),
        agent: secure ? this.#secureAgent() : this.#plain,
        lookup,
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
      const gone = outgoing.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
      if (gone) return this.#askOnce(request, url, lookup);
      throw error;
    }
  }

  /** A proxy resolves names by itself: those that this machine knows to be private are not left to it. */
  async #refusePrivate(url: URL): Promise<void> {
    refusePrivate(url);
    const { HTTP_PROXY, HTTPS_PROXY } = this.#options.proxies;
    if (HTTP_PROXY === undefined && HTTPS_PROXY === undefined) return;
    const host = hostOf(url);
    // That nothing is found is usual where a proxy is the only way out.
    const found = await lookupAll(host, { all: true }).catch(() => []);
    if (found.some(({ address }) => isPrivate(address))) throw privateHost(host);
  }

  #secureAgent(): https.Agent {
    this.#secure ??= new https.Agent({
      ...pool,
      proxyEnv: { ...this.#options.proxies },
      secureContext: this.#options.trust(),
    });
    return this.#secure;
  }

  [Symbol.dispose](): void {
    this.#plain.destroy();
    this.#secure?.destroy();
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

/** What is wrong with a name or a certificate stays so until somebody does something about it. */
const lasting = /^(?:ENOTFOUND|ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/;

export function unavailable(url: URL, error: unknown): KilnError {
  const reason = reasonOf(error as NodeJS.ErrnoException);
  return new KilnError('NETWORK_UNAVAILABLE', `${url.host} cannot be reached: ${reason}`, {
    retry: lasting.test(reason) ? 'never' : 'later',
    hint: 'check the network and the address',
    cause: error,
  });
}

/** What a proxy says stands in the message, whose address is left out: it may have a password in it. */
function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code !== 'ERR_PROXY_TUNNEL') return error.code ?? messageOf(error);
  const [status = 'no answer'] = /HTTP\/1\.[01] .*$/.exec(messageOf(error)) ?? [];
  return `the proxy of this machine says ${shorten(status, 100)}`;
}

const lookupAll = promisify(dns.lookup);

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
