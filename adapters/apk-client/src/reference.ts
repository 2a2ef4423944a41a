import { isAbsolute, resolve } from 'node:path';
import { shorten, withoutUserInfo } from '@kiln/base';
import { splitUserInfo } from './credentials.ts';
import type { Credential } from './credentials.ts';
import { failure, shown } from './failure.ts';

/** Where a repository or a key is. Nothing in it but `credential` is secret. */
export interface Place {
  readonly kind: 'remote' | 'local';
  /** A URL without credentials and trailing slash, or an absolute path. */
  readonly address: string;
  readonly credential: Credential | undefined;
}

export interface RepositoryReference extends Place {
  /** As written, without credentials. */
  readonly text: string;
  /** Without the at sign; "" for an untagged repository. */
  readonly tag: string;
}

/**
 * Reads a repository as recipes and `--repository-append` name it: a URL (`https:`, `http:`), a directory, absolute or
 * relative to `workingDirectory`, or `@tag` and one of them. Throws `APK_CLIENT_REFERENCE_INVALID`.
 */
export function parseRepository(text: string, workingDirectory: string): RepositoryReference {
  const match = /^(?:@([A-Za-z0-9._-]+)\s+)?([^@\s].*)$/.exec(text.trim());
  if (match === null) {
    throw failure('APK_CLIENT_REFERENCE_INVALID', `not a repository: "${shown(text)}"`, {
      hint: 'write a URL, a directory, or @tag and one of them',
    });
  }
  const place = parsePlace(match[2] ?? '', workingDirectory);
  if (place.kind === 'remote' && /[?#]/.test(place.address)) {
    throw failure(
      'APK_CLIENT_REFERENCE_INVALID',
      `the address of a repository has no query: "${shown(place.address)}"`,
      { hint: 'give credentials with HTTP_AUTH or before the host' },
    );
  }
  return { ...place, text: withoutUserInfo(text), tag: match[1] ?? '' };
}

/** Reads a URL or a path. Throws `APK_CLIENT_REFERENCE_INVALID`. */
export function parsePlace(text: string, workingDirectory: string): Place {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined)
    return { kind: 'local', address: localPath(text, workingDirectory), credential: undefined };
  if (scheme !== 'http' && scheme !== 'https') {
    throw failure(
      'APK_CLIENT_REFERENCE_INVALID',
      `scheme ${scheme} is not supported: "${shown(text)}"`,
      {
        hint: 'write an https: or http: URL, or a path',
      },
    );
  }
  const { url, credential } = splitUserInfo(parseUrl(text));
  return { kind: 'remote', address: url.href.replace(/\/+$/, ''), credential };
}

function localPath(text: string, workingDirectory: string): string {
  if (text === '' || text.includes('\0')) {
    throw failure('APK_CLIENT_REFERENCE_INVALID', `not a path: "${shorten(text)}"`);
  }
  return isAbsolute(text) ? resolve(text) : resolve(workingDirectory, text);
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    // What cannot be taken apart may hold a password anywhere before the last @.
    const rest = text.slice(text.lastIndexOf('@') + 1);
    throw failure('APK_CLIENT_REFERENCE_INVALID', `not a URL: "${shown(rest)}"`, {
      hint: 'write special characters of user name and password as %XX',
    });
  }
}
