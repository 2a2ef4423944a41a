import type { IncomingMessage } from 'node:http';

/**
 * The path and query of a request, also of one that names the whole address as for a proxy, which every server has to accept
 * (RFC 9112, 3.2.2). The host of such an address takes the place of the `Host` header.
 */
export function originForm({
  url = '/',
  headers,
}: Pick<IncomingMessage, 'url' | 'headers'>): string {
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url);
  if (absolute === null) return url;
  const [, host = '', rest = ''] = absolute;
  headers.host = host;
  return rest.startsWith('/') ? rest : `/${rest}`;
}
