import { expect, test } from 'vitest';
import { hostProxies } from './host-proxies.ts';

test('proxies are read as curl reads them', () => {
  expect(hostProxies({})).toEqual({});
  expect(hostProxies({ HTTPS_PROXY: 'proxy.example:3128', NO_PROXY: '.internal' })).toEqual({
    HTTPS_PROXY: 'http://proxy.example:3128/',
    NO_PROXY: '.internal',
  });
  expect(
    hostProxies({
      ALL_PROXY: 'https://all/',
      http_proxy: 'http://small/',
      HTTP_PROXY: 'http://x/',
    }),
  ).toEqual({ HTTP_PROXY: 'http://small/', HTTPS_PROXY: 'https://all/' });
});

test.each([
  [{ HTTPS_PROXY: 'socks5://user:secret@proxy' }, 'HTTPS_PROXY names a proxy for "socks5:"'],
  [{ all_proxy: 'http://user:secret@' }, 'ALL_PROXY is not the address of a proxy'],
  [{ HTTP_PROXY: 'http://user:secret%@proxy' }, /^HTTP_PROXY has a user name or password/],
])('%j is refused without its password', (environment, message) => {
  expect(() => hostProxies(environment)).toThrow(message);
  expect(() => hostProxies(environment)).not.toThrow('secret');
});
