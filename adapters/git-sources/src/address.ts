import { realpathSync } from 'node:fs';
import { KilnError, shorten, withoutUserInfo } from '@kiln/base';

/** Where a repository is. */
export interface Address {
  /** As it was written: what the guest's git will ask for. */
  readonly url: string;
  /** Without credentials, for people. */
  readonly shown: string;
  /** The protocols that git may use for it, as `GIT_ALLOW_PROTOCOL` takes them; a redirect never leaves them. */
  readonly protocols: string;
  readonly local: boolean;
}

export interface AddressRules {
  /** Host directories below which repositories may be read. */
  readonly localDirectories: readonly string[];
}

const lengthMax = 2048;

/**
 * The address of a repository: HTTPS, HTTP (the commit is what is trusted), or a `file:` URL below one of the directories,
 * whatever links are in it. Everything else, such as SSH and git's helpers (`ext::`), is refused.
 * Throws `SOURCE_ADDRESS_REFUSED`.
 */
export function parseAddress(url: string, rules: AddressRules): Address {
  const shown = shorten(withoutUserInfo(url), 200);
  const refused = (hint: string): KilnError =>
    new KilnError('SOURCE_ADDRESS_REFUSED', `not an address to fetch from: ${shown}`, { hint });
  if (url.length > lengthMax || /[\p{Cc}\s]/u.test(url))
    throw refused('it is too long or has white space');
  const protocol = /^([a-z]+):\/\//.exec(url)?.[1];
  if ((protocol === 'https' || protocol === 'http') && URL.canParse(url))
    return { url, shown, protocols: protocol === 'https' ? 'https' : 'http:https', local: false };
  if (protocol !== 'file') throw refused('use an address that begins with https://');
  if (!isBelow(url.slice('file://'.length), rules.localDirectories))
    throw refused('repositories of this machine are read only where the builder allows it');
  return { url, shown, protocols: 'file', local: true };
}

function isBelow(path: string, directories: readonly string[]): boolean {
  // Git would decode what is encoded.
  if (!path.startsWith('/') || path.includes('%')) return false;
  try {
    const real = `${realpathSync(path)}/`;
    return directories.some((directory) =>
      real.startsWith(`${realpathSync(directory)}/`.replace(/^\/\/$/, '/')),
    );
  } catch {
    // What is not there is not below anything.
    return false;
  }
}

/**
 * The address of a submodule as git makes it of the one of its repository: what begins with `./` or `../` is relative to it.
 */
export function submoduleAddress(repository: string, written: string): string {
  if (!/^\.{1,2}\//.test(written)) return written;
  let base = repository.replace(/\/+$/, '');
  let rest = written;
  for (;;) {
    if (rest.startsWith('../')) {
      rest = rest.slice(3);
      base = base.replace(/\/[^/]*$/, '');
    } else if (rest.startsWith('./')) {
      rest = rest.slice(2);
    } else {
      return `${base}/${rest}`.replace(/\/+$/, '');
    }
  }
}
