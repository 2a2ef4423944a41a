import { createPublicKey } from 'node:crypto';
import type { JsonWebKeyInput } from 'node:crypto';
import { isOwnHost, messageOf } from '@kiln/base';
import type { Clock, Logger } from '@kiln/base';
import type { GuestKeys } from '@kiln/solve';
import { z } from 'zod';
import { failure, shown } from './failure.ts';
import type { HttpRequest } from './http.ts';
import { keyNameOf, keyOf } from './keyring.ts';
import type { RepositoryReference } from './reference.ts';

/** A key that somebody says a repository has. */
export type DiscoveredKey = GuestKeys[number] & {
  /** Where it is; of a key that stands in a list, its name beside the repository. */
  readonly url: string;
};

export interface KeyDiscoveryOptions {
  readonly fetch: (
    request: Pick<HttpRequest, 'url' | 'bytesMax' | 'follows'>,
  ) => Promise<Uint8Array>;
  readonly keyBytesMax: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where Alpine lists its releases and their keys. */
  readonly alpineReleases: string;
}

/** Alpine's are a tenth of it. */
const releasesBytesMax = 4 * 2 ** 20;
const listBytesMax = 2 ** 20;

const alpinePattern = /^https?:\/\/.+\/alpine\/([^/]+)\/[^/]+$/;

const releasesSchema = z.object({
  release_branches: z.array(
    z.object({
      rel_branch: z.string(),
      keys: z
        .record(
          z.string(),
          z.array(z.object({ url: z.string(), deprecated_since: z.iso.date().nullish() })),
        )
        .nullish(),
    }),
  ),
});
const configurationSchema = z.object({ jwks_uri: z.string() });
const number = z.string().regex(/^[\w-]+=*$/);
const jwksSchema = z.object({
  keys: z.array(
    z.looseObject({ kid: z.string().min(1), kty: z.literal('RSA'), n: number, e: number }),
  ),
});

/**
 * Asks which keys repositories have, as apko does: Alpine, which lists those of its releases, for addresses that end in
 * `/alpine/RELEASE/PART`; and each repository, which may have a document `apk-configuration` whose `jwks_uri` says where its RSA keys are
 * (RFC 7517). Nothing is asked over a network without encryption, and nothing twice.
 */
export class KeyDiscovery {
  readonly #options: KeyDiscoveryOptions;
  readonly #fetched = new Map<string, Promise<Uint8Array>>();
  readonly #said = new Set<string>();

  constructor(options: KeyDiscoveryOptions) {
    this.#options = options;
  }

  /**
   * The keys of a repository on a server for an architecture (apk name), Alpine's first. None where the answer is no list of keys; of
   * Alpine's list there is a warning then. Throws nothing but the signal's reason.
   */
  async keysOf(
    { text, address }: Pick<RepositoryReference, 'text' | 'address'>,
    { arch, signal }: { readonly arch: string; readonly signal: AbortSignal | undefined },
  ): Promise<readonly DiscoveredKey[]> {
    const { logger } = this.#options;
    const found: DiscoveredKey[] = [];
    const attempt = async (
      ask: () => Promise<readonly DiscoveredKey[]>,
      say: (message: string) => void,
    ): Promise<void> => {
      try {
        found.push(...(await ask()));
      } catch (error) {
        signal?.throwIfAborted();
        const message = `no keys found for ${shown(text)}: ${messageOf(error)}`;
        if (!this.#said.has(message)) say(message);
        this.#said.add(message);
      }
    };
    const release = alpinePattern.exec(text)?.[1];
    if (release !== undefined)
      await attempt(
        () => this.#alpineKeys(release, arch),
        (message) => logger.warn(message),
      );
    await attempt(
      () => this.#listedKeys(address),
      (message) => logger.debug(message),
    );
    return found;
  }

  async #alpineKeys(release: string, arch: string): Promise<readonly DiscoveredKey[]> {
    const { clock, keyBytesMax, alpineReleases } = this.#options;
    const releases = await this.#document(alpineReleases, releasesSchema, releasesBytesMax);
    const branch = releases.release_branches.find((one) => one.rel_branch === release);
    const now = clock.now();
    const urls = Object.entries(branch?.keys ?? {})
      .flatMap(([of, keys]) => (of === arch ? keys : []))
      .filter(({ deprecated_since: since }) => !since || Date.parse(since) > now)
      // Some are listed with a blank where their names have an @.
      .map(({ url }) => url.replaceAll('%20', '@'));
    return Promise.all(
      urls.map(async (url) => ({
        ...keyOf(keyNameOf(url), await this.#bytes(url, keyBytesMax), { where: shown(url) }),
        url,
      })),
    );
  }

  async #listedKeys(repository: string): Promise<readonly DiscoveredKey[]> {
    const { jwks_uri: uri } = await this.#document(
      `${repository}/apk-configuration`,
      configurationSchema,
      listBytesMax,
    );
    const { keys } = await this.#document(uri, jwksSchema, listBytesMax);
    return keys.map((key) => {
      const name = `${key.kid}.rsa.pub`;
      return { ...keyOf(name, pemOf(key), { where: shown(uri) }), url: `${repository}/${name}` };
    });
  }

  async #document<T>(url: string, schema: z.ZodType<T>, bytesMax: number): Promise<T> {
    const bytes = await this.#bytes(url, bytesMax);
    try {
      return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    } catch (error) {
      throw failure('APK_CLIENT_ANSWER', `${shown(url)} is no list of keys`, { cause: error });
    }
  }

  async #bytes(url: string, bytesMax: number): Promise<Uint8Array> {
    const parsed = URL.parse(url);
    if (parsed === null || !isSafe(parsed))
      throw failure('APK_CLIENT_ANSWER', `${shown(url)} is not asked for keys`, {
        hint: 'whoever is between could answer: use an https: address without a password',
      });
    const known = this.#fetched.get(url) ?? this.#options.fetch({ url, bytesMax, follows: isSafe });
    this.#fetched.set(url, known);
    return known;
  }
}

/** Whether nobody else can answer: over TLS, or on this machine. Passwords that are everybody's are sent to nobody. */
function isSafe({ protocol, host, username, password }: URL): boolean {
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isOwnHost(host));
}

/** Throws for what is no public key of RSA. */
function pemOf(key: JsonWebKeyInput['key']): Uint8Array {
  if (key.d !== undefined)
    throw failure('APK_CLIENT_KEY_INVALID', 'a private key stands among the public ones');
  const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  return Buffer.from(pem);
}
