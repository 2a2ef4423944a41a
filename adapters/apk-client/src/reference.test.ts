import { describe, expect, test } from 'vitest';
import { Credentials, parseHttpAuth } from './credentials.ts';
import { parsePlace, parseRepository } from './reference.ts';

const here = '/srv/recipes';

function thrown(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

describe('a repository', () => {
  test.for([
    ['https://host.example/os', 'remote', 'https://host.example/os', ''],
    ['http://host.example:81/os///', 'remote', 'http://host.example:81/os', ''],
    ['@edge https://host.example/edge', 'remote', 'https://host.example/edge', 'edge'],
    ['./packages', 'local', '/srv/recipes/packages', ''],
    ['packages/', 'local', '/srv/recipes/packages', ''],
    ['../packages', 'local', '/srv/packages', ''],
    ['/abs/with space', 'local', '/abs/with space', ''],
    ['@local ./packages', 'local', '/srv/recipes/packages', 'local'],
  ])('%s', ([text = '', kind, address, tag]) => {
    expect(parseRepository(text, here)).toEqual({
      text,
      kind,
      address,
      tag,
      credential: undefined,
    });
  });

  test('with user information keeps it apart', () => {
    expect(parseRepository('@t https://ada:p%40ss@host.example:81/os/', here)).toEqual({
      text: '@t https://host.example:81/os/',
      kind: 'remote',
      address: 'https://host.example:81/os',
      tag: 't',
      credential: { host: 'host.example:81', path: '/os', user: 'ada', password: 'p@ss' },
    });
  });

  test.for([
    ['', /not a repository/],
    ['@', /not a repository/],
    ['@edge', /not a repository/],
    ['@ https://ada:hush@host.example', /not a repository/],
    ['ftp://ada:hush@host.example/os', /scheme ftp is not supported: "ftp:\/\/host.example\/os"/],
    ['file:///srv/packages', /scheme file is not supported/],
    ['https://ada:hu/sh@host.example', /not a URL: "host.example"/],
    ['https://ada:hush%@host.example', /badly encoded/],
    ['https://host.example/os?token=hush', /no query: "https:\/\/host.example\/os"/],
    ['./a\0b', /not a path/],
  ] as const)('%j is refused, nothing secret is said', ([text, message]) => {
    const error = thrown(() => parseRepository(text, here));
    expect(error).toMatchObject({ code: 'APK_CLIENT_REFERENCE_INVALID' });
    expect(error.message).toMatch(message);
    expect(JSON.stringify(error) + error.stack).not.toMatch(/hu\/?sh/);
  });
});

test('a key may be at an address with a query', () => {
  expect(parsePlace('https://host.example/k.rsa.pub?ref=main', here).address).toBe(
    'https://host.example/k.rsa.pub?ref=main',
  );
});

describe('credentials', () => {
  const header = (user: string): string => `Basic ${Buffer.from(user).toString('base64')}`;

  test('of HTTP_AUTH are for their host alone', () => {
    const credentials = new Credentials(parseHttpAuth('basic:Host.example:ada:hush'));
    expect(credentials.headerFor(new URL('https://host.example/any'))).toBe(header('ada:hush'));
    expect(credentials.headerFor(new URL('http://host.example/any'))).toBe(header('ada:hush'));
    expect(credentials.headerFor(new URL('https://host.example:444/any'))).toBeUndefined();
    expect(credentials.headerFor(new URL('https://sub.host.example/any'))).toBeUndefined();
  });

  test('of addresses are for what is below them, the longest path counts', () => {
    const credentials = new Credentials(parseHttpAuth('basic:other.example:o:o'));
    for (const text of ['https://a:1@h.example/os', 'https://b:2@h.example/os/extra'])
      credentials.add(parseRepository(text, here).credential);
    const at = (path: string): string | undefined =>
      credentials.headerFor(new URL(path, 'https://h.example'));
    expect(at('/os/x86_64/APKINDEX.tar.gz')).toBe(header('a:1'));
    expect(at('/os/extra/x86_64/APKINDEX.tar.gz')).toBe(header('b:2'));
    expect(at('/os-other/x')).toBeUndefined();
    expect(at('/')).toBeUndefined();
  });

  test.for(['basic:h:u', 'basic:h:u:p:hush', 'digest:h:u:hush'])(
    'HTTP_AUTH of another form is refused without its words',
    (text) => {
      const error = thrown(() => parseHttpAuth(text));
      expect(error).toMatchObject({ code: 'APK_CLIENT_AUTH_INVALID' });
      expect(error.message).not.toMatch(/hush/);
    },
  );

  test('there are none without the variable', () => {
    expect(parseHttpAuth(undefined)).toBeUndefined();
    expect(parseHttpAuth('')).toBeUndefined();
  });
});
