import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import tls, { type SecureContext } from 'node:tls';
import type { KilnError } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { NetworkObserver, ObserveRequest, ObservedNetwork } from '@kiln/build';
import { Answers } from './answers.ts';
import { Authority } from './authority.ts';
import {
  certificatePath,
  guestOptions,
  guestVariables,
  javaTrustPath,
  relayPort,
  systemBundlePath,
} from './guest-settings.ts';
import { hostProxies } from './host-proxies.ts';
import { javaTrustStore } from './java-trust.ts';
import { defaultLimits, type ObserverLimits } from './limits.ts';
import { Proxy } from './proxy.ts';
import { Upstream } from './upstream.ts';

export interface HttpObserverOptions {
  /** Keeps what was fetched. */
  readonly blobs: BlobStore;
  /** Hosts that may be reached although they are this machine's or its networks': `mirror.internal`, `127.0.0.1:8080`. */
  readonly allowed?: readonly string[];
  readonly limits?: Partial<ObserverLimits>;
  /** Variables that name proxies by which this machine reaches servers, as `hostProxies` reads them; none unless given. */
  readonly proxyVariables?: Readonly<Record<string, string | undefined>>;
  /** Authorities of servers beside those that this machine trusts, as PEM. */
  readonly authorities?: readonly string[];
}

const refusalsMax = 100;
/** What a socket's name may have, with the byte that ends it. */
const socketPathMax = 107;

/**
 * Observes HTTP and HTTPS through a proxy that programs find by the usual variables. HTTPS is opened: the proxy answers with
 * certificates of an authority of the build, which the steps trust, and asks the server itself, whose certificate it checks.
 */
export class HttpObserver implements NetworkObserver {
  readonly #options: HttpObserverOptions;
  #trusted: SecureContext | undefined;

  constructor(options: HttpObserverOptions) {
    this.#options = options;
  }

  /** Throws `NETWORK_PROXY_INVALID`. */
  async open(request: ObserveRequest): Promise<ObservedNetwork> {
    const limits = { ...defaultLimits, ...this.#options.limits };
    const { blobs, allowed = [], proxyVariables = {} } = this.#options;
    const upstream = new Upstream({
      allowed,
      idleMs: limits.idleMs,
      proxies: hostProxies(proxyVariables),
      trust: () => this.#trust(),
    });
    const answers = new Answers({ upstream, blobs, limits, known: request.known });
    const authority = new Authority();
    const network = new HttpNetwork({ answers, upstream, authority }, request, limits);
    await network.listen();
    return network;
  }

  /** Made once: hundreds of certificates are read for it. */
  #trust(): SecureContext {
    this.#trusted ??= tls.createSecureContext({
      ca: [
        ...tls.getCACertificates('default'),
        // Those of the operating system, where a company puts its own.
        ...tls.getCACertificates('system'),
        ...(this.#options.authorities ?? []),
      ],
    });
    return this.#trusted;
  }
}

interface Parts {
  readonly answers: Answers;
  readonly upstream: Upstream;
  readonly authority: Authority;
}

class HttpNetwork implements ObservedNetwork {
  readonly refusals: string[] = [];
  trouble: KilnError | undefined;
  #unanswered = false;
  readonly #parts: Parts;
  readonly #proxy: Proxy;
  readonly #folder = makeFolder();

  constructor(parts: Parts, { onLog }: ObserveRequest, limits: ObserverLimits) {
    this.#parts = parts;
    this.#proxy = new Proxy({
      ...parts,
      limits,
      onAnswer: (text) => onLog({ step: 'network', text }),
      onRefused: (error) => {
        onLog({ step: 'network', text: `refused: ${error.message}` });
        this.#refused(error);
      },
    });
  }

  async listen(): Promise<void> {
    const { certificate } = this.#parts.authority;
    fs.writeFileSync(this.#certificateFile, certificate, { mode: 0o644 });
    fs.writeFileSync(this.#javaTrustFile, javaTrustStore(certificate, 'kiln'), { mode: 0o644 });
    const { server } = this.#proxy;
    server.listen(this.relay.socket);
    await once(server, 'listening');
  }

  get relay(): ObservedNetwork['relay'] {
    return { port: relayPort, socket: path.join(this.#folder, 'proxy') };
  }

  get mounts(): ObservedNetwork['mounts'] {
    return [
      { source: this.#certificateFile, target: certificatePath, readOnly: true },
      { source: this.#certificateFile, target: systemBundlePath, readOnly: true },
      { source: this.#javaTrustFile, target: javaTrustPath, readOnly: true },
    ];
  }

  get variables(): ObservedNetwork['variables'] {
    return guestVariables;
  }

  get options(): ObservedNetwork['options'] {
    return guestOptions;
  }

  get unsteady(): boolean {
    return this.#unanswered || this.#parts.answers.unsteady;
  }

  record(): ReturnType<ObservedNetwork['record']> {
    return this.#parts.answers.record();
  }

  close(): Promise<void> {
    this.#proxy.close();
    this.#parts.upstream[Symbol.dispose]();
    fs.rmSync(this.#folder, { recursive: true, force: true });
    return Promise.resolve();
  }

  get #certificateFile(): string {
    return path.join(this.#folder, 'network.pem');
  }

  get #javaTrustFile(): string {
    return path.join(this.#folder, 'network.jks');
  }

  #refused(error: KilnError): void {
    const { code, message, hint, retry } = error;
    this.#unanswered ||= retry === 'later';
    if (code === 'NETWORK_CHANGED' || code === 'NETWORK_LIMIT') this.trouble ??= error;
    if (this.refusals.length < refusalsMax)
      this.refusals.push(hint === undefined ? message : `${message} (${hint})`);
  }
}

/** Private to the user, and short enough for a socket in it. */
function makeFolder(): string {
  const name = 'kiln-network-XXXXXX/proxy';
  const parent = path.join(os.tmpdir(), name).length > socketPathMax ? '/tmp' : os.tmpdir();
  return fs.mkdtempSync(path.join(parent, 'kiln-network-'));
}
