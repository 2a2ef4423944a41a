/** What Go's `net/url` reads of the address of a git repository. */
export interface GitAddress {
  /** In lower case; "" where there is none. */
  readonly scheme: string;
  /** With the port, as written. */
  readonly host: string;
  /** Decoded; "" where nothing that begins with a slash follows the scheme. */
  readonly path: string;
}

/** Takes an address apart as Go does; undefined where Go refuses it, as it does `git@example.org:a/b`. */
export function parseGitAddress(text: string): GitAddress | undefined {
  const [address = '', ...fragment] = text.split('#');
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  if (/[\u0000-\u001f\u007f]/.test(address) || address.startsWith(':')) return undefined;
  if (decoded(fragment.join('#')) === undefined) return undefined;
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(address)?.[1] ?? '';
  const rest = address.slice(scheme === '' ? 0 : scheme.length + 1).replace(/\?[^]*$/, '');
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { scheme: scheme.toLowerCase(), host: '', path: '' };
    if (/^[^/]*:/.test(rest)) return undefined;
  }
  const withHost = scheme !== '' || !rest.startsWith('///');
  const [, authority, written = ''] = (withHost ? /^\/\/([^/]*)(.*)$/.exec(rest) : null) ?? [
    undefined,
    undefined,
    rest,
  ];
  const host = authority === undefined ? '' : hostOf(authority, /^https?$/i.test(scheme));
  const path = decoded(written);
  if (host === undefined || path === undefined) return undefined;
  return { scheme: scheme.toLowerCase(), host, path };
}

function hostOf(authority: string, isHttp: boolean): string | undefined {
  const at = authority.lastIndexOf('@');
  const user = at < 0 ? '' : authority.slice(0, at);
  if (!/^[\w.:~!$&'()*+,;=%@-]*$/.test(user) || decoded(user) === undefined) return undefined;
  const host = authority.slice(at + 1);
  if (host.startsWith('['))
    return /^\[[\da-f:.]*(?:%25[^\]]*)?\](?::\d*)?$/i.test(host) ? host : undefined;
  const colon = isHttp ? host.indexOf(':') : host.lastIndexOf(':');
  if (colon >= 0 && !/^:\d*$/.test(host.slice(colon))) return undefined;
  // Of ASCII, only `%25` may be encoded in a host.
  return /^(?:[\w.~!$&'()*+,;=:[\]<>"-]|[\u{80}-\u{10ffff}]|%25|%[89a-f][\da-f])*$/iu.test(host)
    ? decoded(host)
    : undefined;
}

/** Without encodings; undefined where a percent sign has no two digits after it. */
function decoded(text: string): string | undefined {
  if (/%(?![\da-f]{2})/i.test(text)) return undefined;
  return text.replace(/(?:%[\da-f]{2})+/gi, (codes) =>
    Buffer.from(codes.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}
