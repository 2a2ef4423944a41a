import { failure, shown } from './failure.ts';

/** A user name and a password for what one server has. */
export interface Credential {
  /** Host name, with the port where it is not the scheme's own. */
  readonly host: string;
  /** The path under which it counts, without slash at the end; "" is everything. */
  readonly path: string;
  readonly user: string;
  readonly password: string;
}

/**
 * Reads `HTTP_AUTH`: `basic:REALM:USER:PASSWORD`, four parts exactly, REALM being the host it is for. Undefined for no text.
 * Throws `APK_CLIENT_AUTH_INVALID`, which says how many parts there are and nothing of them.
 */
export function parseHttpAuth(text: string | undefined): Credential | undefined {
  if (text === undefined || text === '') return undefined;
  const [scheme = '', host = '', user = '', password = ''] = text.split(':');
  const parts = text.split(':').length;
  if (parts !== 4 || scheme !== 'basic') {
    const found = parts === 4 ? 'another first part' : `${parts} parts`;
    throw failure(
      'APK_CLIENT_AUTH_INVALID',
      `HTTP_AUTH must be in the form basic:REALM:USERNAME:PASSWORD, it has ${found}`,
      { hint: 'REALM is the host name of the repository; no part may hold a colon' },
    );
  }
  return { host: host.toLowerCase(), path: '', user, password };
}

/** Takes the user information off a URL. Throws `APK_CLIENT_REFERENCE_INVALID` when it is badly encoded. */
export function splitUserInfo(url: URL): { readonly url: URL; readonly credential?: Credential } {
  if (url.username === '' && url.password === '') return { url };
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  try {
    const user = decodeURIComponent(url.username);
    const password = decodeURIComponent(url.password);
    const path = url.pathname.replace(/\/+$/, '');
    return { url: bare, credential: { host: url.host, path, user, password } };
  } catch {
    throw failure(
      'APK_CLIENT_REFERENCE_INVALID',
      `the user information of ${shown(bare.href)} is badly encoded`,
      { hint: 'write special characters as %XX' },
    );
  }
}

/**
 * Which credential goes with which request. The one that was given for a whole host counts before those that stand in
 * addresses, as apko has it; of those the one with the longest path.
 */
export class Credentials {
  readonly #ofHost: Credential | undefined;
  readonly #ofAddresses: Credential[] = [];

  constructor(ofHost?: Credential) {
    this.#ofHost = ofHost;
  }

  add(credential: Credential | undefined): void {
    if (credential !== undefined) this.#ofAddresses.push(credential);
  }

  /** The value of `Authorization` for a request (RFC 7617); undefined: none. */
  headerFor(url: URL): string | undefined {
    const found =
      this.#ofHost?.host === url.host
        ? this.#ofHost
        : this.#ofAddresses
            .filter(({ host, path }) => host === url.host && isBelow(url.pathname, path))
            .reduce<Credential | undefined>(
              (best, next) =>
                best !== undefined && best.path.length >= next.path.length ? best : next,
              undefined,
            );
    if (found === undefined) return undefined;
    return `Basic ${Buffer.from(`${found.user}:${found.password}`).toString('base64')}`;
  }
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
