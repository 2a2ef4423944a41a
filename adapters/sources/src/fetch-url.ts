import { KilnError, messageOf, withIdleLimit, withoutUserInfo } from '@kiln/base';

/** Opens an address; undefined when the server says that nothing is there. */
export type FetchUrl = (
  url: string,
  signal?: AbortSignal,
) => Promise<AsyncIterable<Uint8Array> | undefined>;

const redirectsMax = 8;
const answerMs = 20_000;
const idleMs = 60_000;

/**
 * Gets a URL over HTTPS (or HTTP: the digest is what is trusted), following at most eight redirects and never from
 * HTTPS to HTTP. The first answer must come within 20 s, further bytes within 60 s of each other; a name that
 * does not resolve fails at once. Messages name the host of the URL and nothing else of it. User names and passwords in
 * an address are not sent: such an address is refused, also where a server redirects to it.
 * Throws `SOURCE_UNAVAILABLE` (retry later).
 */
export const fetchUrl: FetchUrl = async (url, signal) => {
  let current = addressOf(url);
  for (let redirects = 0; redirects <= redirectsMax; redirects++) {
    const stall = new AbortController();
    const response = await answer(current, stall, signal);
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel();
      current = redirected(current, location);
      continue;
    }
    if (response.ok && response.body !== null) return watched(response.body, stall, current);
    await response.body?.cancel();
    if (response.status === 404 || response.status === 410) return undefined;
    throw unavailable(current, `answered ${response.status}`);
  }
  throw unavailable(current, 'redirects without end');
};

/** Throws `SOURCE_UNAVAILABLE` for what is no address, or has a password in it; neither is repeated. */
function addressOf(text: string, base?: URL): URL {
  const url = URL.parse(text, base);
  if (url === null)
    throw new KilnError('SOURCE_UNAVAILABLE', 'an address of a source is none', {
      hint: 'write https://, a host and a path',
    });
  if (url.username === '' && url.password === '') return url;
  throw new KilnError('SOURCE_UNAVAILABLE', `${url.host} is addressed with a user name`, {
    hint: 'user names and passwords in addresses are not sent: leave them out',
  });
}

async function answer(
  url: URL,
  stall: AbortController,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const timer = setTimeout(() => stall.abort(new Error('no answer in time')), answerMs);
  try {
    return await fetch(url, {
      redirect: 'manual',
      // A server that compresses again would change nothing but the work.
      headers: { 'accept-encoding': 'identity', 'user-agent': 'kiln' },
      signal: signal === undefined ? stall.signal : AbortSignal.any([stall.signal, signal]),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw unavailable(url, reasonOf(error), error);
  } finally {
    clearTimeout(timer);
  }
}

async function* watched(
  body: ReadableStream<Uint8Array>,
  stall: AbortController,
  url: URL,
): AsyncGenerator<Uint8Array> {
  try {
    yield* withIdleLimit(body, idleMs, stall);
  } catch (error) {
    throw unavailable(url, reasonOf(error), error);
  }
}

function redirected(from: URL, location: string): URL {
  const to = addressOf(location, from);
  const allowed = from.protocol === 'https:' ? ['https:'] : ['https:', 'http:'];
  if (allowed.includes(to.protocol)) return to;
  throw unavailable(from, `redirects to ${to.protocol}`);
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code ?? withoutUserInfo(messageOf(error));
}

function unavailable(url: URL, reason: string, cause?: unknown): KilnError {
  return new KilnError('SOURCE_UNAVAILABLE', `${url.host} ${reason}`, {
    retry: 'later',
    hint: 'no mirror lists its digest, and its address does not answer: check the network',
    ...(cause === undefined ? {} : { cause }),
  });
}
