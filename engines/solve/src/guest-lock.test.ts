import { emptyRecord } from '@kiln/apk';
import type { IndexRecord } from '@kiln/apk';
import { emptyImageConfig } from '@kiln/image-config';
import type { Contents, ImageConfig } from '@kiln/image-config';
import { describe, expect, test } from 'vitest';
import { guestKeys, guestRepositories, lockGuest } from './guest-lock.ts';
import type { GuestRequest } from './guest-lock.ts';
import { packageAddress } from './package-address.ts';
import type { RepositoryIndex } from './types.ts';

function record(nameVersion: string, more: Partial<IndexRecord> = {}): IndexRecord {
  const [name = '', version = ''] = nameVersion.split('=');
  return {
    ...emptyRecord,
    checksum: `Q1${Buffer.from(nameVersion).toString('base64')}`,
    name,
    version,
    arch: 'x86_64',
    sizeBytes: 7,
    ...more,
  };
}

/** The repository of the recorded case `environment-lock`. */
const tools: RepositoryIndex = {
  repository: '/srv/env-repo',
  tag: '',
  records: [
    record('helper-a=1.2-r0', { depends: ['helper-c'] }),
    record('helper-b=2.0-r3', { provides: ['virtual-helper=2.0'] }),
    record('helper-c=0.9-r0'),
    record('helper-c=0.9_rc1-r1'),
    record('toolbox=1.0.0-r0'),
  ],
};

const edge: RepositoryIndex = {
  repository: 'https://edge.example/os',
  tag: 'edge',
  records: [record('new++=2-r0', { depends: ['toolbox'] })],
};

function environment(contents: Partial<Contents>, more: Partial<ImageConfig> = {}): ImageConfig {
  return {
    ...emptyImageConfig,
    ...more,
    contents: { ...emptyImageConfig.contents, ...contents },
  };
}

function request(contents: Partial<Contents>, more: Partial<GuestRequest> = {}): GuestRequest {
  return { environment: environment(contents), arch: 'x86_64', ...more };
}

describe('a lock', () => {
  test('holds the whole list sorted, as melange recorded it', () => {
    const lock = lockGuest(
      {
        environment: environment(
          { packages: ['toolbox', 'helper-a', 'virtual-helper', 'helper-c<0.9'] },
          { accounts: { runAs: '', users: [user('ada', 3000)], groups: [] } },
        ),
        arch: 'x86_64',
        appended: { repositories: ['./env-repo'], keys: ['./parity.rsa.pub'] },
      },
      [tools],
      [],
    );
    expect(lock.config.contents).toMatchObject({
      buildRepositories: ['./env-repo'],
      repositories: [],
      keyring: ['./parity.rsa.pub'],
      packages: ['helper-a=1.2-r0', 'helper-b=2.0-r3', 'helper-c=0.9_rc1-r1', 'toolbox=1.0.0-r0'],
    });
    expect(lock.config.archs).toEqual(['amd64']);
    expect(lock.config.accounts.users[0]?.homeDir).toBe('/home/ada');
    expect(lock.world).toEqual(lock.config.contents.packages);
    expect(lock.repositories).toEqual(['./env-repo']);
    expect(lock.arch).toBe('x86_64');
  });

  test('installs in the order of the second solve, the guest of a test in that of the first', () => {
    const records = [
      record('a=1-r0'),
      record('b=1-r0'),
      record('c=1-r0'),
      record('m=1-r0', { depends: ['a', 'z'] }),
      record('z=1-r0', { depends: ['b'] }),
    ];
    const names = (more: Partial<GuestRequest>): string =>
      lockGuest(request({ packages: ['m', 'c'] }, more), [{ ...tools, records }], [])
        .packages.map(({ name }) => name)
        .join(' ');
    expect(names({ purpose: 'build' })).toBe('a b c z m');
    expect(names({ purpose: 'test' })).toBe('c a b z m');
    expect(names({ dialect: 'kiln' })).toBe('c a b z m');
  });

  test('of a test lists the world as it is written', () => {
    const lock = lockGuest(request({ packages: ['helper-a'] }, { purpose: 'test' }), [tools], []);
    expect(lock.world).toEqual(['helper-a']);
    expect(lock.config.contents.packages).toEqual(['helper-a=1.2-r0', 'helper-c=0.9-r0']);
  });

  test('says of each package where it is', () => {
    const lock = lockGuest(
      request({ packages: ['new++@edge'], repositories: ['@edge https://edge.example/os'] }),
      [edge, tools],
      [],
    );
    expect(lock.packages).toEqual([
      {
        name: 'toolbox',
        version: '1.0.0-r0',
        checksum: record('toolbox=1.0.0-r0').checksum,
        sizeBytes: 7,
        url: '/srv/env-repo/x86_64/toolbox-1.0.0-r0.apk',
        repository: '/srv/env-repo',
        tag: '',
      },
      {
        name: 'new++',
        version: '2-r0',
        checksum: record('new++=2-r0').checksum,
        sizeBytes: 7,
        url: 'https://edge.example/os/x86_64/new++-2-r0.apk',
        repository: 'https://edge.example/os',
        tag: 'edge',
      },
    ]);
    expect(lock.config.contents.packages).toEqual(['new++=2-r0@edge', 'toolbox=1.0.0-r0']);
  });

  test('solved again gives itself', () => {
    const first = lockGuest(request({ packages: ['helper-a'] }), [tools], []);
    const again = lockGuest({ environment: first.config, arch: 'amd64' }, [tools], []);
    expect(again).toEqual(first);
  });

  test('holds no credentials', () => {
    const lock = lockGuest(
      request(
        { packages: ['toolbox'], repositories: ['https://ada:hush@one.example'] },
        {
          appended: {
            repositories: ['@t https://ada:hush@two.example/os'],
            keys: ['https://ada:hush@two.example/k.rsa.pub'],
          },
        },
      ),
      [tools],
      [],
    );
    expect(JSON.stringify(lock)).not.toMatch(/hush|ada/);
    expect(lock.repositories).toEqual(['@t https://two.example/os', 'https://one.example']);
  });

  test('keeps what the command line adds in the world only, where melange does', () => {
    const appended = { packages: ['toolbox'] };
    const none = lockGuest(request({}, { appended }), [tools], []);
    expect(none.config.contents.packages).toEqual([]);
    expect(none.world).toEqual(['toolbox']);
    const some = lockGuest(request({ packages: ['helper-c'] }, { appended }), [tools], []);
    expect(some.config.contents.packages).toEqual(['helper-c=0.9-r0', 'toolbox=1.0.0-r0']);
    expect(some.world).toEqual(['helper-c=0.9-r0', 'toolbox', 'toolbox=1.0.0-r0']);
  });

  test('of dialect kiln holds it in the list too', () => {
    const lock = lockGuest(
      request({}, { appended: { packages: ['toolbox'] }, dialect: 'kiln' }),
      [tools],
      [],
    );
    expect(lock.config.contents.packages).toEqual(['toolbox=1.0.0-r0']);
    expect(lock.world).toEqual(['toolbox=1.0.0-r0']);
  });
});

describe('what cannot be resolved', () => {
  test('is named with the chain that leads there and what is missing', () => {
    const broken = { ...tools, records: [record('a=1-r0', { depends: ['b'] })] };
    expect(() => lockGuest(request({ packages: ['a'] }), [broken], [])).toThrow(
      expect.objectContaining({
        code: 'GUEST_UNSOLVED',
        message:
          'no guest: solving "a" constraint: resolving "a-1-r0.apk" deps: solving "b" constraint: nothing provides "b"',
        details: { missing: ['b'] },
      }),
    );
  });

  test('is refused when only the lock does not resolve again', () => {
    // The tagged dependency is not listed with its tag.
    const needs = { ...edge, records: [record('x=1-r0', { depends: ['y'] }), record('y=1-r0')] };
    expect(() => lockGuest(request({ packages: ['x@edge'] }), [needs], [])).toThrow(
      /the lock of the guest does not resolve again: .*"y=1-r0"/,
    );
  });

  test('is a name that no chosen package has, where a lock is made by the rules of apko', () => {
    const records = [record('a=1-r0', { provides: ['virtual'] }), record('a=2-r0')];
    const lock = (packages: string[], more: Partial<GuestRequest> = {}): string[] =>
      lockGuest(request({ packages }, more), [{ ...tools, records }], []).packages.map(
        ({ name, version }) => `${name}=${version}`,
      );
    expect(lock(['a<2', 'virtual'])).toEqual(['a=1-r0']);
    expect(() => lock(['a', 'virtual'])).toThrow(
      expect.objectContaining({
        code: 'GUEST_UNSOLVED',
        message: 'no guest: no chosen package is or provides "virtual"',
      }),
    );
    expect(lock(['a', 'virtual'], { purpose: 'test' })).toEqual(['a=2-r0']);
  });

  test('is an unknown architecture, or a request without repositories', () => {
    expect(() => lockGuest(request({}, { arch: 'vax' }), [tools], [])).toThrow(
      expect.objectContaining({ code: 'GUEST_ARCHITECTURE' }),
    );
    expect(() => guestRepositories(request({ packages: ['a'] }))).toThrow(
      expect.objectContaining({ code: 'GUEST_NO_REPOSITORY' }),
    );
  });
});

describe('what is read', () => {
  test('is each address once, in an order that credentials do not change', () => {
    const asked = request(
      {
        buildRepositories: ['https://z:z@b.example', 'https://a.example'],
        repositories: ['./local', 'https://c.example'],
        keyring: ['k.pub'],
      },
      {
        appended: {
          repositories: ['https://a.example', '@edge https://e.example'],
          keys: ['a.pub', 'k.pub'],
        },
      },
    );
    expect(guestRepositories(asked)).toEqual([
      './local',
      '@edge https://e.example',
      'https://a.example',
      'https://z:z@b.example',
      'https://c.example',
    ]);
    expect(guestKeys(asked)).toEqual(['a.pub', 'k.pub']);
  });
});

describe('the address of a package', () => {
  test.for([
    ['https://h.example/os', 'libstdc++', 'https://h.example/os/x86_64/libstdc++-1-r0.apk'],
    ['https://h.example/os', 'a%2f?#', 'https://h.example/os/x86_64/a%252f%3F%23-1-r0.apk'],
    ['/srv/packages', 'a%2f', '/srv/packages/x86_64/a%2f-1-r0.apk'],
  ])('%s and %s', ([repository = '', name = '', expected]) => {
    expect(packageAddress(repository, 'x86_64', { name, version: '1-r0' })).toBe(expected);
  });

  test.for(['../x', '.x', 'a/b', 'a\\b', 'a\0', '', 'x'.repeat(300)])(
    'is refused for %j',
    (name) => {
      expect(() => packageAddress('/srv', 'x86_64', { name, version: '1-r0' })).toThrow(
        expect.objectContaining({ code: 'GUEST_PACKAGE_NAME' }),
      );
    },
  );
});

function user(userName: string, uid: number): ImageConfig['accounts']['users'][number] {
  return { userName, uid, gid: undefined, shell: '', homeDir: '' };
}
