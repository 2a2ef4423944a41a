import { setTimeout as delay } from 'node:timers/promises';
import { KilnError, isOwnHost, isPassingStatus, shorten } from '@kiln/base';
import { authorizationFor, refused } from './authorization.ts';
import { parseChallenge } from './challenge.ts';
import type { RegistryCredential } from './credential.ts';
import { errorsIn, failure } from './failure.ts';
import { networkFault } from './network-fault.ts';
import { openAnswer, readText } from './send.ts';
import type { Answer, OpenAnswer, SentRequest } from './send.ts';

export interface RegistryRepositoryOptions {
  /** Host, with the port where it is not the scheme's own. */
  readonly registry: string;
  readonly repository: string;
  /** What is done there: some registries give strangers no token to push with. */
  readonly access: 'pull' | 'pull,push';
  /** Asked once, when the registry wants to know who asks. */
  readonly credential: () => Promise<RegistryCredential | undefined>;
  readonly signal: AbortSignal;
  /** Waits before something is tried again; rejects when the signal is aborted. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface RegistryRequest {
  readonly method: SentRequest['method'];
  /** Below the repository; or `url`. */
  readonly path?: string;
  readonly url?: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly sizeBytes?: number;
  open?(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

const attemptsMax = 3;
/** Before the second try; three times as long before the third. */
const pauseMs = 1000;
/** The longest that a registry can have a client wait. */
const pauseMsMax = 60_000;
const redirectsMax = 5;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Those that keep method and body (RFC 9110, 15.4). */
const repeatingRedirects: ReadonlySet<number> = new Set([307, 308]);
const dockerHubHost = 'registry-1.docker.io';

/** Requests to one repository of a registry: it meets challenges, follows redirects, and tries again what may pass. */
export class RegistryConnection {
  readonly base: string;
  readonly #options: RegistryRepositoryOptions;
  readonly #isLocal: boolean;
  /** What meets the last challenge, for all that is asked from then on. */
  #authorization: Promise<string> | undefined;
  /** The challenge of the registry's root, where it was asked for. */
  #root: Promise<string | undefined> | undefined;

  constructor(options: RegistryRepositoryOptions) {
    this.#options = options;
    const { registry, repository } = options;
    this.#isLocal = isOwnHost(registry);
    const isHub = registry === 'index.docker.io' || registry === 'docker.io';
    const host = isHub ? dockerHubHost : registry;
    this.base = `${this.#isLocal ? 'http' : 'https'}://${host}/v2/${repository}`;
  }

  /** One request, its answer read to the end. Throws as `open`. */
  async ask(request: RegistryRequest): Promise<Answer> {
    return readText(await this.open(request));
  }

  /**
   * One request; where it is answered by a challenge, again with what that wants. Throws `REGISTRY_CLIENT_REFUSED`, and the
   * network’s errors.
   */
  async open(request: RegistryRequest): Promise<OpenAnswer> {
    const shown = this.#authorization;
    const answer = await this.#followed(request, await shown);
    if (answer.status !== 401) return answer;
    const { headers, url } = await readText(answer);
    // What it wants would be of that host's choosing, and does not go there.
    if (!this.#isOurs(url))
      throw this.broken(`leads to ${shorten(url.host)}, which wants credentials`);
    // Of several requests that are challenged at once, one meets it for all.
    if (this.#authorization === shown) this.#meet(headers['www-authenticate']);
    const second = await this.#followed(request, await this.#authorization);
    if (second.status !== 401) return second;
    second.body.destroy();
    throw refused(this.#options.registry, 'does not take the credentials');
  }

  /**
   * What fails in a way that may pass is tried three times, after a wait: as long as the registry says in whole seconds, or a
   * second and then three.
   */
  async again<T>(what: string, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        this.#options.signal.throwIfAborted();
        if (!isPassing(error) || attempt >= attemptsMax) throw this.unreachable(error, what);
        await this.#pause(error, attempt);
      }
    }
  }

  async #pause(error: unknown, attempt: number): Promise<void> {
    const { signal, wait = waitFor } = this.#options;
    const said = error instanceof KilnError ? Number(error.details['retryAfterSeconds'] ?? 0) : 0;
    try {
      await wait(Math.min(Math.max(said * 1000, pauseMs * 3 ** (attempt - 1)), pauseMsMax), signal);
    } finally {
      signal.throwIfAborted();
    }
  }

  /** What a registry said that it should not have said. */
  failed({ status, headers, body }: Answer, what: string): Error {
    const registry = shorten(this.#options.registry);
    const said = errorsIn(body);
    const more = said === '' ? '' : `: ${said}`;
    if (status === 403)
      return refused(
        this.#options.registry,
        `does not allow ${what}${more}`,
        'take a name that is yours, or ',
      );
    const after = /^\d{1,9}$/.exec(headers['retry-after'] ?? '')?.[0];
    const details = after === undefined ? {} : { retryAfterSeconds: Number(after) };
    const passes = isPassingStatus(status);
    return failure(
      'REGISTRY_CLIENT_ANSWER',
      `registry ${registry} answered ${status} to ${what}${more}`,
      passes
        ? 'try again later: the registry is busy, or in trouble'
        : 'check the name of the repository, and that you may use it',
      passes ? { retry: 'later', details } : {},
    );
  }

  /** A registry that answers with something that no registry says. */
  broken(what: string): Error {
    return failure(
      'REGISTRY_CLIENT_ANSWER',
      `registry ${shorten(this.#options.registry)}: ${what}`,
      'is this the right registry?',
    );
  }

  /** What the network says, unless it is an error of ours. */
  unreachable(error: unknown, what: string): unknown {
    if (error instanceof KilnError) return error;
    const { text, hint, passes } = networkFault(error);
    return failure(
      'REGISTRY_CLIENT_UNAVAILABLE',
      `registry ${shorten(this.#options.registry)}, ${what}: ${text}`,
      hint,
      passes === 'never' ? {} : { retry: 'later' },
    );
  }

  /** Contents may lie elsewhere, or be wanted there; credentials do not go there. */
  async #followed(
    request: RegistryRequest,
    authorization: string | undefined,
  ): Promise<OpenAnswer> {
    let url = request.url ?? new URL(`${this.base}/${request.path ?? ''}`);
    for (let count = 0; count <= redirectsMax; count++) {
      const answer = await this.#once(request, url, authorization);
      const { location } = answer.headers;
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      const followed = isRead ? redirects : repeatingRedirects;
      if (!followed.has(answer.status) || location === undefined) return answer;
      answer.body.resume();
      if (!URL.canParse(location, url)) throw this.broken('leads to an address that is none');
      url = new URL(location, url);
    }
    throw this.broken(`leads from one address to another more than ${redirectsMax} times`);
  }

  async #once(request: RegistryRequest, url: URL, known: string | undefined): Promise<OpenAnswer> {
    // Wherever a registry sends its clients: a proxy that speaks TLS for it may not have told it so.
    if (url.protocol !== 'https:' && !(this.#isLocal && url.protocol === 'http:'))
      throw this.broken('leads to an address without encryption');
    const authorization = this.#isOurs(url) ? known : undefined;
    return openAnswer({
      method: request.method,
      url,
      headers: { ...request.headers, ...(authorization === undefined ? {} : { authorization }) },
      sizeBytes: request.sizeBytes ?? 0,
      ...(request.open === undefined ? {} : { body: request.open() }),
      signal: this.#options.signal,
    });
  }

  #isOurs({ host }: URL): boolean {
    return host === new URL(this.base).host;
  }

  /** Sets what meets a challenge; what could not be had is asked for again the next time. */
  #meet(header: string | undefined): void {
    const met = this.#authorizationOf(header);
    this.#authorization = met;
    met.catch(() => {
      if (this.#authorization === met) this.#authorization = undefined;
    });
  }

  async #authorizationOf(header: string | undefined): Promise<string> {
    const { registry, repository, access, signal } = this.#options;
    const challenge = parseChallenge(header ?? (await this.#rootChallenge()));
    if (challenge === undefined) throw refused(registry, 'wants credentials of an unknown kind');
    return authorizationFor({
      challenge,
      credential: await this.#options.credential(),
      scope: `repository:${repository}:${access}`,
      registry,
      isLocal: this.#isLocal,
      signal,
    });
  }

  /** What a registry says at its root, of those that say nothing anywhere else; "" where it says nothing there. */
  async #rootChallenge(): Promise<string> {
    this.#root ??= this.#followed({ method: 'GET', url: new URL('/v2/', this.base) }, undefined)
      .then(readText)
      .then(({ headers, url }) => (this.#isOurs(url) ? headers['www-authenticate'] : undefined));
    try {
      return (await this.#root) ?? '';
    } catch (error) {
      this.#root = undefined;
      throw error;
    }
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof KilnError) return error.retry === 'later';
  return networkFault(error).passes === 'now';
}

function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal });
}
