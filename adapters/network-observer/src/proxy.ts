import http from 'node:http';
import type { Duplex } from 'node:stream';
import tls, { type SecureContext } from 'node:tls';
import { KilnError, collect, digestOf, messageOf, shorten } from '@kiln/base';
import type { Answers } from './answers.ts';
import type { Authority } from './authority.ts';
import type { ObserverLimits } from './limits.ts';
import { hostOf, parseTarget, refused } from './target.ts';
import type { UpstreamRequest } from './upstream.ts';

export interface ProxyOptions {
  readonly answers: Pick<Answers, 'give'>;
  readonly authority: Authority;
  readonly limits: ObserverLimits;
  onAnswer(text: string): void;
  /** What was not given, and why. */
  onRefused(error: KilnError): void;
}

/** The headers of a request that decide its answer; whatever else a client says is not passed on, secrets least of all. */
const decisiveHeaders = ['accept', 'content-encoding', 'content-type', 'git-protocol'];

/**
 * An HTTP proxy (RFC 9110, section 7.3.2) for the steps of one build. Requests for `http` come whole; what comes through a
 * tunnel (CONNECT) is TLS with a certificate of the build's authority, and holds requests for `https`. Ranges and conditions of
 * requests are left out, which a server may do: answers are whole.
 */
export class Proxy {
  /** Listens where its owner wants it to. */
  readonly server: http.Server;
  readonly #options: ProxyOptions;
  /** Takes the requests of tunnels. */
  readonly #inner: http.Server;
  readonly #origins = new WeakMap<Duplex, string>();
  readonly #tunnels = new Set<Duplex>();
  readonly #contexts = new Map<string, SecureContext>();

  constructor(options: ProxyOptions) {
    this.#options = options;
    const settings = { requestTimeout: 0, maxHeaderSize: 32 * 1024 };
    this.server = http.createServer(settings, (request, response) => {
      void this.#take(request.url ?? '', request, response);
    });
    this.#inner = http.createServer(settings, (request, response) => {
      const origin = this.#origins.get(request.socket) ?? '';
      void this.#take(`${origin}${request.url ?? ''}`, request, response);
    });
    this.server.maxConnections = options.limits.connectionsMax;
    this.server.on('connect', (request, socket, head) => this.#tunnel(request, socket, head));
    for (const server of [this.server, this.#inner]) {
      server.on('clientError', (_error, socket) => socket.destroy());
      server.on('upgrade', (_request, socket) => socket.destroy());
    }
  }

  /** Ends every connection. */
  close(): void {
    this.server.close();
    this.server.closeAllConnections();
    for (const socket of this.#tunnels) socket.destroy();
  }

  async #take(
    target: string,
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<void> {
    response.on('error', () => undefined);
    try {
      const asked = await this.#requestOf(target, request);
      this.#options.onAnswer(await this.#options.answers.give(asked, response));
    } catch (error) {
      const known = error instanceof KilnError ? error : unexpected(target, error);
      this.#options.onRefused(known);
      refuse(response, known);
    }
  }

  async #requestOf(target: string, request: http.IncomingMessage): Promise<UpstreamRequest> {
    const { method = '' } = request;
    const url = parseTarget(target).href;
    if (method !== 'GET' && method !== 'HEAD' && method !== 'POST')
      throw refused(`${shorten(method, 20)} ${url}: builds fetch, and change nothing`);
    const headers = Object.fromEntries(
      decisiveHeaders.flatMap((name) => {
        const value = request.headers[name];
        return value === undefined ? [] : [[name, [value].flat().join(', ')]];
      }),
    );
    const userAgent = request.headers['user-agent'] ?? 'kiln';
    const sent = await bodyOf(request, url, this.#options.limits.sentBytesMax);
    return { method, url, headers, userAgent, ...(method === 'POST' ? { sent } : {}) };
  }

  #tunnel(request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    const origin = originOf(request.url ?? '');
    if (origin === undefined) {
      this.#options.onRefused(refused(`a tunnel to "${shorten(request.url ?? '')}"`));
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    this.#tunnels.add(socket);
    socket.on('close', () => this.#tunnels.delete(socket));
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (head.length > 0) socket.unshift(head);
    const secure = new tls.TLSSocket(socket as ConstructorParameters<typeof tls.TLSSocket>[0], {
      isServer: true,
      secureContext: this.#contextFor(hostOf(origin)),
      ALPNProtocols: ['http/1.1'],
    });
    let trusted = false;
    secure.on('secure', () => void (trusted = true));
    secure.on('error', (error) => {
      // What breaks later is the client's own end.
      if (!trusted) this.#options.onRefused(distrusted(origin, error));
      socket.destroy();
    });
    this.#origins.set(secure, origin.origin);
    this.#inner.emit('connection', secure);
  }

  #contextFor(host: string): SecureContext {
    const present = this.#contexts.get(host);
    if (present !== undefined) return present;
    const { certificate, key } = this.#options.authority.credentialFor(host);
    const context = tls.createSecureContext({ cert: certificate, key });
    this.#contexts.set(host, context);
    return context;
  }
}

/** `example.org:443` as an origin. */
function originOf(authority: string): URL | undefined {
  if (!/^[A-Za-z0-9._:[\]-]{1,300}$/.test(authority)) return undefined;
  return URL.parse(`https://${authority}/`) ?? undefined;
}

async function bodyOf(
  request: http.IncomingMessage,
  url: string,
  bytesMax: number,
): Promise<NonNullable<UpstreamRequest['sent']>> {
  const bytes = await collect(request, bytesMax, () =>
    refused(`${url}: a request of more than ${bytesMax} bytes`),
  );
  return { bytes, digest: digestOf(bytes) };
}

/** Only what may pass is a server's trouble, which programs ask for again and again, npm for more than a minute. */
const statuses: Readonly<Record<string, number>> = { NETWORK_UNAVAILABLE: 502 };

/** Says why there is no answer, or none that is whole. */
function refuse(response: http.ServerResponse, { code, message, hint }: KilnError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(statuses[code] ?? 403, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`kiln: ${message}\n${hint === undefined ? '' : `hint: ${hint}\n`}`);
}

function unexpected(target: string, error: unknown): KilnError {
  return new KilnError('NETWORK_UNAVAILABLE', `${shorten(target)}: ${messageOf(error)}`, {
    retry: 'later',
    cause: error,
  });
}

function distrusted(origin: URL, error: Error): KilnError {
  return refused(`TLS with ${origin.host} failed: ${shorten(messageOf(error), 200)}`, {
    hint: 'the program has to trust the certificate that SSL_CERT_FILE names',
  });
}
