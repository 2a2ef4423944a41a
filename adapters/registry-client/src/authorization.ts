import { collect, isPassingStatus, messageOf, shorten } from '@kiln/base';
import { z } from 'zod';
import type { Challenge } from './challenge.ts';
import { basicHeader } from './credential.ts';
import type { RegistryCredential } from './credential.ts';
import { failure } from './failure.ts';

const answerMs = 30_000;
const answerBytesMax = 256 * 1024;
const answer = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** What a token is asked for. */
export interface TokenRequest {
  readonly challenge: Challenge;
  readonly credential: RegistryCredential | undefined;
  /** `repository:NAME:pull,push`. */
  readonly scope: string;
  /** For messages. */
  readonly registry: string;
  readonly isLocal: boolean;
  readonly signal: AbortSignal;
}

/**
 * The value of `Authorization` that meets a challenge. Throws `REGISTRY_CLIENT_REFUSED` without a credential where one is
 * needed, and `REGISTRY_CLIENT_UNAVAILABLE` or `REGISTRY_CLIENT_ANSWER` where the token service fails.
 */
export async function authorizationFor(request: TokenRequest): Promise<string> {
  const { challenge, credential, registry } = request;
  if (credential?.kind === 'bearer') return `Bearer ${credential.token}`;
  if (challenge.kind === 'bearer') return `Bearer ${await tokenFor(request, challenge)}`;
  if (credential?.kind === 'password') return basicHeader(credential.user, credential.password);
  throw refused(registry, 'wants a user and a password');
}

/** A registry that does not take what it was given; `before` is what to try before logging in. */
export function refused(registry: string, why: string, before: string = ''): Error {
  return failure(
    'REGISTRY_CLIENT_REFUSED',
    `registry ${shorten(registry)} ${why}`,
    `${before}log in with: kiln apko login ${shorten(registry)} -u USER --password-stdin`,
  );
}

async function tokenFor(
  { credential, scope, registry, isLocal, signal }: TokenRequest,
  challenge: Extract<Challenge, { kind: 'bearer' }>,
): Promise<string> {
  const url = new URL(challenge.realm);
  // Otherwise whoever sits between could have the password.
  if (!isAllowed(url, isLocal)) throw unencrypted(registry);
  const service = challenge.service ?? '';
  const response = await ask(url, { credential, scope, service, signal }).catch(
    (error: unknown) => {
      throw failure(
        'REGISTRY_CLIENT_UNAVAILABLE',
        `the token service of ${shorten(registry)} cannot be reached: ${messageOf(error)}`,
        'check the network',
        { retry: 'later' },
      );
    },
  );
  if (response.redirected && !isAllowed(new URL(response.url), isLocal)) {
    await response.body?.cancel();
    throw unencrypted(registry);
  }
  if (response.status === 401 || response.status === 403) {
    await response.body?.cancel();
    throw refused(registry, 'does not take the credentials');
  }
  const parsed = answer.safeParse(jsonOf(await textOf(response, registry)));
  const token = parsed.success ? (parsed.data.token ?? parsed.data.access_token) : undefined;
  if (token !== undefined && token !== '') return token;
  throw failure(
    'REGISTRY_CLIENT_ANSWER',
    `the token service of ${shorten(registry)} gave no token (${response.status})`,
    'check the name of the registry, and try again later',
    isPassingStatus(response.status) ? { retry: 'later' } : {},
  );
}

/** The text of a good answer; nothing of another one. Throws `REGISTRY_CLIENT_ANSWER` for one that is too long. */
async function textOf({ ok, body }: Response, registry: string): Promise<string> {
  if (ok && body !== null) {
    const bytes = await collect(body, answerBytesMax, () =>
      failure(
        'REGISTRY_CLIENT_ANSWER',
        `the token service of ${shorten(registry)} answered with more than ${answerBytesMax} bytes`,
        'is this the right registry?',
      ),
    );
    return Buffer.from(bytes).toString('utf8');
  }
  await body?.cancel();
  return '';
}

function isAllowed({ protocol }: URL, isLocal: boolean): boolean {
  return protocol === 'https:' || isLocal;
}

function unencrypted(registry: string): Error {
  return failure(
    'REGISTRY_CLIENT_ANSWER',
    `registry ${shorten(registry)} sends to a token service without encryption`,
    'tell whoever runs it',
  );
}

function ask(
  url: URL,
  {
    credential,
    scope,
    service,
    signal,
  }: Pick<TokenRequest, 'credential' | 'scope' | 'signal'> & { readonly service: string },
): Promise<Response> {
  const stop = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
  if (credential?.kind === 'identity') {
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: credential.token,
      client_id: 'kiln',
      service,
      scope,
    });
    return fetch(url, { method: 'POST', body, signal: stop, redirect: 'error' });
  }
  url.searchParams.append('scope', scope);
  if (service !== '') url.searchParams.set('service', service);
  const headers =
    credential?.kind === 'password'
      ? { authorization: basicHeader(credential.user, credential.password) }
      : {};
  // Where it leads to another host, the password is left out.
  return fetch(url, { headers, signal: stop });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller says what is missing.
    return undefined;
  }
}
