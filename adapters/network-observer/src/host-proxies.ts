import { KilnError, shorten } from '@kiln/base';

/** The proxies by which this machine reaches others: addresses with scheme, and the hosts that are reached without. */
export interface HostProxies {
  readonly HTTP_PROXY?: string;
  readonly HTTPS_PROXY?: string;
  readonly NO_PROXY?: string;
}

/**
 * Reads them from the environment as curl does: small letters go before capital ones, `ALL_PROXY` stands in for the one of a
 * scheme, and an address without scheme is one for `http`. Throws `NETWORK_PROXY_INVALID` for other proxies than those of
 * HTTP and for what is no address; passwords are in no message.
 */
export function hostProxies(
  environment: Readonly<Record<string, string | undefined>>,
): HostProxies {
  const valueOf = (name: string): string =>
    environment[name.toLowerCase()] || environment[name] || '';
  const proxyOf = (...names: readonly string[]): string | undefined => {
    const name = names.find((one) => valueOf(one) !== '');
    return name === undefined ? undefined : addressOf(name, valueOf(name));
  };
  const http = proxyOf('HTTP_PROXY', 'ALL_PROXY');
  const https = proxyOf('HTTPS_PROXY', 'ALL_PROXY');
  const except = valueOf('NO_PROXY');
  return {
    ...(http === undefined ? {} : { HTTP_PROXY: http }),
    ...(https === undefined ? {} : { HTTPS_PROXY: https }),
    ...(except === '' ? {} : { NO_PROXY: except }),
  };
}

function addressOf(name: string, text: string): string {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || url.hostname === '') throw invalid(name, 'is not the address of a proxy');
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw invalid(name, `names a proxy for "${shorten(url.protocol)}"`);
  if (!isDecodable(url.username) || !isDecodable(url.password))
    throw invalid(name, 'has a user name or password that is not encoded as in addresses');
  return url.href;
}

function isDecodable(text: string): boolean {
  try {
    return decodeURIComponent(text) !== undefined;
  } catch {
    // A percent sign that begins nothing.
    return false;
  }
}

function invalid(name: string, what: string): KilnError {
  return new KilnError('NETWORK_PROXY_INVALID', `${name} ${what}`, {
    hint: 'name a proxy of HTTP, such as http://proxy.example:3128',
  });
}
