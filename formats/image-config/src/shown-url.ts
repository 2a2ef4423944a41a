import { KilnError, shorten } from '@kiln/base';

/**
 * An address as apko shows it, which is what Go's `net/url` prints of what it parsed: the password as `xxxxx`, the scheme in small
 * letters, and what cannot stand in an address as `%` and digits, also in what is the path of a file. Throws `IMAGE_CONFIG_INVALID`
 * for what that package does not parse.
 */
export function shownUrl(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this refuses
  if (/[\u0000-\u001f\u007f]/.test(text)) throw invalid(text, 'a control character');
  const [, beforeFragment = '', fragment] = /^([^#]*)(?:#([^]*))?$/.exec(text) ?? [];
  if (beforeFragment.startsWith(':')) throw invalid(text, 'a missing protocol scheme');
  const [, scheme, behindScheme = ''] =
    /^(?:([a-z][a-z0-9+.-]*):)?([^]*)$/i.exec(beforeFragment) ?? [];
  const [, hierarchy = '', query = ''] = /^([^?]*)([^]*)$/.exec(behindScheme) ?? [];
  const isOpaque = scheme !== undefined && !hierarchy.startsWith('/');
  const shownFragment = fragment === undefined ? '' : escaped(fragment, fragmentParts, text);
  const end = query + (shownFragment === '' ? '' : `#${shownFragment}`);
  const start = scheme === undefined ? '' : `${scheme.toLowerCase()}:`;
  if (isOpaque) return start + hierarchy + end;
  if (scheme === undefined && /^[^/]*:/.test(hierarchy))
    throw invalid(text, 'a colon before the first slash');
  const hasAuthority =
    /^\/\/(?!\/)/.test(hierarchy) || (start !== '' && hierarchy.startsWith('//'));
  const [, authority, path = ''] = hasAuthority
    ? (/^\/\/([^/]*)([^]*)$/.exec(hierarchy) ?? [])
    : [undefined, undefined, hierarchy];
  const shownPath = path === '*' ? path : escaped(path, pathParts, text);
  const isBare = authority === undefined || authority + path === '';
  return start + (isBare ? '' : shownAuthority(authority, text)) + shownPath + end;
}

function shownAuthority(authority: string, text: string): string {
  const at = authority.lastIndexOf('@');
  const host = shownHost(authority.slice(at + 1), text);
  if (at < 0) return `//${host}`;
  const user = authority.slice(0, at);
  if (!/^[a-z0-9._:~!$&'()*+,;=%@-]*$/i.test(user)) throw invalid(text, 'a user’s name like this');
  const [name = '', ...password] = user.split(':');
  const hidden = password.length === 0 ? '' : ':xxxxx';
  return `//${escapeBytes(unescaped(name, text), /[a-z0-9_.~$&+,;=-]/i)}${hidden}@${host}`;
}

function shownHost(host: string, text: string): string {
  const [, literal, port = ''] = /^(\[.*\]|[^[:][^:]*|)([^]*)$/.exec(host) ?? [];
  if (literal === undefined) throw invalid(text, 'such a host');
  if (!/^(?::\d*)?$/.test(port)) throw invalid(text, 'such a port');
  if (literal.startsWith('[') && !/^\[[0-9a-f:.]+(?:%25.+)?\]$/i.test(literal))
    throw invalid(text, 'such a host');
  if (literal.startsWith('[')) return host;
  if (/[^a-z0-9_.~!$&'()*+,;=[\]<>"%\u0080-\uffff-]|%(?![89a-f])/i.test(literal))
    throw invalid(text, 'a character that hosts do not have');
  return escapeBytes(unescaped(host, text), /[a-z0-9_.~!$&'()*+,;=:[\]<>"-]/i);
}

interface Part {
  /** What stands in it as it is where all of it could stand so. */
  readonly allowed: RegExp;
  /** What stays as it is where it is written anew. */
  readonly kept: RegExp;
}

const pathParts: Part = {
  allowed: /^[a-z0-9_.~$&+,/:;=@!'()*[\]%-]*$/i,
  kept: /[a-z0-9_.~$&+,/:;=@-]/i,
};

const fragmentParts: Part = {
  allowed: /^[a-z0-9_.~$&+,/:;=?@!'()*[\]%-]*$/i,
  kept: /[a-z0-9_.~$&+,/:;=?@!()*-]/i,
};

function escaped(part: string, { allowed, kept }: Part, text: string): string {
  const bytes = unescaped(part, text);
  return allowed.test(part) ? part : escapeBytes(bytes, kept);
}

/** Throws for a `%` without its digits. */
function unescaped(part: string, text: string): Buffer {
  const bytes: Buffer[] = [];
  for (const [piece, digits] of part.matchAll(/%([0-9a-f]{2})?|[^%]+/gi)) {
    if (piece === '%') throw invalid(text, 'a % without two digits');
    bytes.push(digits === undefined ? Buffer.from(piece) : Buffer.from(digits, 'hex'));
  }
  return Buffer.concat(bytes);
}

function escapeBytes(bytes: Buffer, kept: RegExp): string {
  return [...bytes]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return kept.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

function invalid(text: string, what: string): KilnError {
  return new KilnError('IMAGE_CONFIG_INVALID', `no address has ${what}: "${shorten(text)}"`, {
    hint: 'write a URL or a path; special characters in it as % and two digits',
  });
}
