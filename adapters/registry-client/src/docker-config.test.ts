import { describe, expect, test } from 'vitest';
import { DockerConfig, dockerConfigFile } from './index.ts';

const read = (value: unknown): DockerConfig =>
  new DockerConfig({
    text: typeof value === 'string' ? value : JSON.stringify(value),
    file: 'config.json',
    environment: {},
  });
const auth = (text: string): { readonly auth: string } => ({
  auth: Buffer.from(text).toString('base64'),
});

describe('docker’s configuration', () => {
  test('is below DOCKER_CONFIG, or at home', () => {
    expect(dockerConfigFile({ DOCKER_CONFIG: '/etc/docker' })).toBe('/etc/docker/config.json');
    expect(dockerConfigFile({ HOME: '/h' })).toBe('/h/.docker/config.json');
  });

  test('gives a password, which may hold colons, for a registry in any of its spellings', async () => {
    const password = { kind: 'password', user: 'u', password: 'p:q' };
    const spellings = ['', '/', '/v1/', '/v2/'].flatMap((end) =>
      ['', 'http://', 'https://'].map((scheme) => `${scheme}r.example.org${end}`),
    );
    for (const name of spellings)
      expect(
        await read({ auths: { [name]: auth('u:p:q') } }).credentialFor('r.example.org', 'a/b'),
      ).toEqual(password);
    const elsewhere = read({ auths: { 'r.example.org/team': auth('u:p:q') } });
    expect(await elsewhere.credentialFor('r.example.org', 'a/b')).toBeUndefined();
  });

  test('prefers what is said for a repository, or for a folder of it', async () => {
    const config = read({
      auths: {
        'r.example.org': auth('all:1'),
        'r.example.org/team': auth('team:2'),
        'r.example.org/team/app': auth('app:3'),
      },
    });
    const user = async (repository: string): Promise<unknown> =>
      Object(await config.credentialFor('r.example.org', repository)).user;
    expect(await user('team/app')).toBe('app');
    expect(await user('team/other')).toBe('team');
    expect(await user('teams/app')).toBe('all');
  });

  test('knows tokens', async () => {
    const config = read({
      auths: { a: { identitytoken: 'i', auth: '' }, b: { registrytoken: 'r' }, c: {} },
    });
    expect(await config.credentialFor('a', 'x')).toEqual({ kind: 'identity', token: 'i' });
    expect(await config.credentialFor('b', 'x')).toEqual({ kind: 'bearer', token: 'r' });
    expect(await config.credentialFor('c', 'x')).toBeUndefined();
  });

  test('keeps everything else when a password is added', () => {
    const text = read({
      auths: { a: auth('u:p'), b: { email: 'x' } },
      HttpHeaders: { x: 'y' },
    }).withPassword('b', 'me', 'word');
    expect(JSON.parse(text)).toEqual({
      auths: { a: auth('u:p'), b: auth('me:word') },
      HttpHeaders: { x: 'y' },
    });
  });

  test('an absent or empty file has nothing', async () => {
    const none = new DockerConfig({ text: undefined, file: 'x', environment: {} });
    expect(await none.credentialFor('a', 'b')).toBeUndefined();
    expect(await read('  ').credentialFor('a', 'b')).toBeUndefined();
  });

  test.each(['{', '[]', '{"auths": 5}', '{"auths": {"a": {"auth": 5}}}'])(
    'what is none is refused without saying what is in it: %s',
    (text) => {
      expect(() => read(text)).toThrow(
        expect.objectContaining({
          code: 'REGISTRY_CLIENT_CREDENTIALS',
          message: expect.stringContaining('config.json: '),
        }),
      );
    },
  );

  test('a helper is a program’s name, and a helper that is not there is an error', async () => {
    await expect(read({ credsStore: '../x' }).credentialFor('a', 'b')).rejects.toMatchObject({
      code: 'REGISTRY_CLIENT_CREDENTIALS',
    });
    const config = read({ credHelpers: { a: 'kiln-test-absent' } });
    await expect(config.storePassword('a', 'u', 'p')).rejects.toMatchObject({
      code: 'REGISTRY_CLIENT_CREDENTIALS',
    });
    expect(await config.storePassword('b', 'u', 'p')).toBe(false);
  });
});
