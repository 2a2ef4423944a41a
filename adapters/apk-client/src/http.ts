import { KilnError, isPassingStatus, messageOf } from '@kiln/base';
import type { Logger } from '@kiln/base';
import type { Credentials } from './credentials.ts';
import { failure, shown } from './failure.ts';
import type { ClientLimits } from './limits.ts';

export interface HttpOptions {
  readonly credentials: Credentials;
  readonly limits: ClientLimits;
  readonly logger: Logger;
  /** Waits before another attempt; a signal ends it early, in any way. */
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export interface HttpRequest {
  /** Without credentials. */
  readonly url: string;
  readonly bytesMax: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether a redirect to this address is followed; default: each that is not from HTTPS to HTTP. */
  readonly follows?: (url: URL) => boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  /** 304 only when a condition was sent. */
  readonly status: 200 | 304;
  readonly headers: Headers;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * GET requests to repositories. Redirects are followed, never from HTTPS to HTTP; credentials go to the origin that they
 * are for and to no other. Nothing that an error says is secret.
 */
export class Http {
  readonly #options: HttpOptions;

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  /**
   * Asks, and lets `use` read the answer; both again, after a wait, while they fail in a way that may pass. Throws
   * `APK_CLIENT_UNAVAILABLE` (retry later), `APK_CLIENT_REFUSED`, `APK_CLIENT_NOT_FOUND`, `APK_CLIENT_ANSWER`,
   * `APK_CLIENT_TOO_LARGE`, what `use` throws, and the signal's reason.
   */
  async get<T>(request: HttpRequest, use: (answer: HttpAnswer) => Promise<T>): Promise<T> {
    const { limits, logger } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(request, use);
      } catch (error) {
        request.signal?.throwIfAborted();
        if (!isPassing(error) || attempt >= limits.attemptsMax) throw error;
        logger.warn('asking a repository again', {
          code: error.code,
          attempt,
          error: error.message,
        });
        await this.#pause(attempt, request.signal);
      }
    }
  }

  async #pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
    const { limits, wait } = this.#options;
    try {
      await wait(limits.backoffMs * 2 ** (attempt - 1), signal);
    } finally {
      signal?.throwIfAborted();
    }
  }

  async #attempt<T>(request: HttpRequest, use: (answer: HttpAnswer) => Promise<T>): Promise<T> {
    const watch = new Watch(request, this.#options.limits);
    try {
      const response = await this.#follow(request, watch);
      const body = bounded(response, request, watch);
      return await use({
        status: response.status === 304 ? 304 : 200,
        headers: response.headers,
        body,
      });
    } finally {
      watch.end();
    }
  }

  /** The first answer that is no redirect. */
  async #follow(request: HttpRequest, watch: Watch): Promise<Response> {
    const { limits, credentials } = this.#options;
    const first = new URL(request.url);
    const authorization = credentials.headerFor(first);
    let url = first;
    for (let redirects = 0; redirects <= limits.redirectsMax; redirects++) {
      const isSent = authorization !== undefined && url.origin === first.origin;
      const headers = {
        // A server that compresses again would change nothing but the work.
        'accept-encoding': 'identity',
        'user-agent': 'kiln',
        ...request.headers,
        ...(isSent ? { authorization } : {}),
      };
      const response = await watch.answer(() =>
        fetch(url, { redirect: 'manual', headers, signal: watch.signal }),
      );
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || location === null) {
        if (response.status === 200 || isUnchanged(response, request)) return response;
        await response.body?.cancel();
        throw refusal(response.status, request.url);
      }
      await response.body?.cancel();
      url = redirected(url, location, request);
    }
    throw failure('APK_CLIENT_ANSWER', `${shown(request.url)} redirects without end`);
  }
}

/** Ends what takes too long. */
class Watch {
  readonly #request: HttpRequest;
  readonly #limits: ClientLimits;
  readonly #stop = new AbortController();
  readonly #total: NodeJS.Timeout;

  constructor(request: HttpRequest, limits: ClientLimits) {
    this.#request = request;
    this.#limits = limits;
    this.#total = setTimeout(() => this.#late('takes too long'), limits.totalMs);
  }

  get signal(): AbortSignal {
    const { signal } = this.#request;
    return signal === undefined ? this.#stop.signal : AbortSignal.any([this.#stop.signal, signal]);
  }

  answer(ask: () => Promise<Response>): Promise<Response> {
    return this.#within(this.#limits.answerMs, 'does not answer in time', ask);
  }

  piece<T>(read: () => Promise<T>): Promise<T> {
    return this.#within(this.#limits.idleMs, 'sends nothing more', read);
  }

  end(): void {
    clearTimeout(this.#total);
    this.#stop.abort();
  }

  async #within<T>(ms: number, reason: string, step: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.#late(reason), ms);
    try {
      return await step();
    } catch (error) {
      throw this.#trouble(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #trouble(error: unknown): KilnError {
    this.#request.signal?.throwIfAborted();
    return failure('APK_CLIENT_UNAVAILABLE', `${shown(this.#request.url)} ${this.#reason(error)}`, {
      retry: 'later',
      hint: 'check the network and the address',
      cause: error,
    });
  }

  #reason(error: unknown): string {
    if (this.#stop.signal.aborted) return messageOf(this.#stop.signal.reason);
    const cause =
      error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
    return `cannot be read: ${cause?.code ?? messageOf(error)}`;
  }

  #late(reason: string): void {
    this.#stop.abort(new Error(reason));
  }
}

async function* bounded(
  response: Response,
  request: HttpRequest,
  watch: Watch,
): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await watch.piece(() => reader.read());
      if (done) return;
      size += value.length;
      if (size > request.bytesMax) throw tooLarge(request);
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {
      // Broken already: there is nothing to stop.
    });
  }
}

function isPassing(error: unknown): error is KilnError {
  return error instanceof KilnError && error.code === 'APK_CLIENT_UNAVAILABLE';
}

function isUnchanged(response: Response, { headers }: HttpRequest): boolean {
  return response.status === 304 && headers !== undefined;
}

function redirected(from: URL, location: string, { url: asked, follows }: HttpRequest): URL {
  const to = URL.parse(location, from);
  const allowed = from.protocol === 'https:' ? ['https:'] : ['https:', 'http:'];
  if (
    to === null ||
    !allowed.includes(to.protocol) ||
    to.username !== '' ||
    to.password !== '' ||
    follows?.(to) === false
  ) {
    const where = to === null ? 'nowhere' : `${to.protocol}//`;
    throw failure(
      'APK_CLIENT_ANSWER',
      `${shown(asked)} redirects to ${where}, which is not followed`,
    );
  }
  return to;
}

function refusal(status: number, url: string): KilnError {
  const message = `${shown(url)} answered ${status}`;
  if (status === 401 || status === 403 || status === 407) {
    return failure('APK_CLIENT_REFUSED', message, {
      hint: 'give credentials with HTTP_AUTH=basic:HOST:USER:PASSWORD, or check those you gave',
    });
  }
  if (status === 404 || status === 410) {
    return failure('APK_CLIENT_NOT_FOUND', message, {
      hint: 'check the address of the repository',
    });
  }
  if (isPassingStatus(status)) {
    return failure('APK_CLIENT_UNAVAILABLE', message, {
      retry: 'later',
      hint: 'the server is in trouble or busy; try again later',
    });
  }
  return failure('APK_CLIENT_ANSWER', message, { hint: 'check the address of the repository' });
}

function tooLarge({ url, bytesMax }: HttpRequest): KilnError {
  return failure('APK_CLIENT_TOO_LARGE', `${shown(url)} is larger than ${bytesMax} bytes`);
}
