import { KilnError, messageOf, shorten } from '@kiln/base';
import type { Descriptor } from '@kiln/oci';
import { authorizationFor, refused } from './authorization.ts';
import { parseChallenge } from './challenge.ts';
import type { RegistryCredential } from './credential.ts';
import { errorsIn, failure } from './failure.ts';
import { send } from './send.ts';
import type { Answer, SentRequest } from './send.ts';

export interface RegistryRepositoryOptions {
  /** Host, with the port where it is not the scheme's own. */
  readonly registry: string;
  readonly repository: string;
  /** Asked once, when the registry wants to know who asks. */
  readonly credential: () => Promise<RegistryCredential | undefined>;
  readonly signal: AbortSignal;
}

export interface PushedBlob {
  readonly descriptor: Pick<Descriptor, 'digest' | 'sizeBytes'>;
  /** Starts the content anew each time. */
  open(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

const attemptsMax = 3;
const dockerHubHost = 'registry-1.docker.io';

/** One repository of a registry, to push to (distribution specification 1.1, "push"). */
export class RegistryRepository {
  readonly #options: RegistryRepositoryOptions;
  readonly #base: string;
  readonly #isLocal: boolean;
  #authorization: string | undefined;

  constructor(options: RegistryRepositoryOptions) {
    this.#options = options;
    const { registry, repository } = options;
    this.#isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|$)/.test(registry);
    const host = registry === 'index.docker.io' ? dockerHubHost : registry;
    this.#base = `${this.#isLocal ? 'http' : 'https'}://${host}/v2/${repository}`;
  }

  /**
   * Pushes a blob that the registry does not have. Throws `REGISTRY_CLIENT_REFUSED`, `REGISTRY_CLIENT_UNAVAILABLE` after three
   * attempts, and `REGISTRY_CLIENT_ANSWER`.
   */
  async pushBlob(blob: PushedBlob): Promise<void> {
    const { digest } = blob.descriptor;
    const head = await this.#ask({ method: 'HEAD', path: `blobs/${digest}` });
    if (head.status === 200) return;
    await this.#again(`blob ${digest}`, () => this.#upload(blob));
  }

  /** Puts a manifest under its digest or under a tag. Throws as `pushBlob`. */
  async pushManifest(
    reference: string,
    { mediaType, bytes }: { readonly mediaType: string; readonly bytes: Uint8Array },
  ): Promise<void> {
    const what = `manifest ${shorten(reference)}`;
    await this.#again(what, async () => {
      const answer = await this.#ask({
        method: 'PUT',
        path: `manifests/${reference}`,
        headers: { 'content-type': mediaType },
        sizeBytes: bytes.length,
        open: () => [bytes],
      });
      this.#require(answer, [200, 201, 202], what);
    });
  }

  async #upload({ descriptor, open }: PushedBlob): Promise<void> {
    const what = `blob ${descriptor.digest}`;
    const begun = await this.#ask({ method: 'POST', path: 'blobs/uploads/' });
    this.#require(begun, [202], what);
    const location = begun.headers.location;
    if (location === undefined) throw this.#answer(begun, what);
    const url = new URL(location, `${this.#base}/blobs/uploads/`);
    url.searchParams.set('digest', descriptor.digest);
    const answer = await this.#ask({
      method: 'PUT',
      url,
      headers: { 'content-type': 'application/octet-stream' },
      sizeBytes: descriptor.sizeBytes,
      open,
    });
    this.#require(answer, [201, 204], what);
  }

  /** One request; where it is answered by a challenge, again with what that wants. */
  async #ask(request: {
    readonly method: SentRequest['method'];
    readonly path?: string;
    readonly url?: URL;
    readonly headers?: Readonly<Record<string, string>>;
    readonly sizeBytes?: number;
    open?(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  }): Promise<Answer> {
    const { method, sizeBytes = 0 } = request;
    const url = request.url ?? new URL(`${this.#base}/${request.path ?? ''}`);
    const once = (): Promise<Answer> => {
      const isOurs = url.host === new URL(this.#base).host;
      const authorization = isOurs ? this.#authorization : undefined;
      return send({
        method,
        url,
        headers: { ...request.headers, ...(authorization === undefined ? {} : { authorization }) },
        sizeBytes,
        ...(request.open === undefined ? {} : { body: request.open() }),
        signal: this.#options.signal,
      });
    };
    const answer = await once();
    if (answer.status !== 401) return answer;
    await this.#authorize(answer);
    const second = await once();
    if (second.status === 401)
      throw refused(this.#options.registry, 'does not take the credentials');
    return second;
  }

  async #authorize(answer: Answer): Promise<void> {
    const { registry, repository, signal } = this.#options;
    const challenge = parseChallenge(answer.headers['www-authenticate'] ?? '');
    if (challenge === undefined) throw refused(registry, 'wants credentials of an unknown kind');
    this.#authorization = await authorizationFor({
      challenge,
      credential: await this.#options.credential(),
      scope: `repository:${repository}:pull,push`,
      registry,
      isLocal: this.#isLocal,
      signal,
    });
  }

  /** What fails in a way that may pass is tried three times. */
  async #again(what: string, work: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        this.#options.signal.throwIfAborted();
        const isPassing = !(error instanceof KilnError) || error.retry === 'later';
        if (!isPassing || attempt >= attemptsMax) throw this.#translated(error, what);
      }
    }
  }

  #translated(error: unknown, what: string): unknown {
    if (error instanceof KilnError) return error;
    return failure(
      'REGISTRY_CLIENT_UNAVAILABLE',
      `registry ${shorten(this.#options.registry)} did not take ${what}: ${messageOf(error)}`,
      'check the network and the registry',
      { retry: 'later' },
    );
  }

  #require(answer: Answer, allowed: readonly number[], what: string): void {
    if (!allowed.includes(answer.status)) throw this.#answer(answer, what);
  }

  #answer({ status, body }: Answer, what: string): Error {
    const registry = shorten(this.#options.registry);
    const said = errorsIn(body);
    const message = `registry ${registry} answered ${status} to ${what}${said === '' ? '' : `: ${said}`}`;
    if (status === 403)
      return refused(
        this.#options.registry,
        `does not allow ${what}${said === '' ? '' : `: ${said}`}`,
      );
    return failure(
      'REGISTRY_CLIENT_ANSWER',
      message,
      'check that the repository exists and may be pushed to',
      status >= 500 || status === 429 ? { retry: 'later' } : {},
    );
  }
}
