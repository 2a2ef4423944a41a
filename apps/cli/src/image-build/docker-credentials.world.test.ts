import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { credentialFor } from './docker-credentials.ts';

let root: string;
beforeAll(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-credentials-test-'));
});
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

test('podman keeps credentials where docker has no file', async () => {
  const environment = {
    HOME: root,
    REGISTRY_AUTH_FILE: path.join(root, 'named.json'),
    XDG_RUNTIME_DIR: path.join(root, 'run'),
  };
  const userIn = async (): Promise<unknown> =>
    credentialFor({ environment }, { registry: 'registry.example.org', repository: 'team/app' });
  expect(await userIn()).toBeUndefined();
  // From the last one to the first one that counts.
  for (const [file, name] of [
    ['.config/containers/auth.json', 'registry.example.org'],
    ['run/containers/auth.json', 'registry.example.org/team'],
    ['named.json', 'registry.example.org'],
    ['.docker/config.json', 'registry.example.org'],
  ] as const) {
    const auth = Buffer.from(`${file}:secret`).toString('base64');
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), JSON.stringify({ auths: { [name]: { auth } } }));
    expect(await userIn()).toEqual({ kind: 'password', user: file, password: 'secret' });
  }
});

test('a configuration in the environment counts before files, and these where it says nothing', async () => {
  const home = path.join(root, 'given');
  const of = (registry: string, user: string): Record<string, unknown> => ({
    [registry]: { auth: Buffer.from(`${user}:secret`).toString('base64') },
  });
  fs.mkdirSync(path.join(home, '.docker'), { recursive: true });
  const auths = { ...of('a.example.org', 'file'), ...of('b.example.org', 'file') };
  fs.writeFileSync(path.join(home, '.docker/config.json'), JSON.stringify({ auths }));
  const environment = {
    HOME: home,
    DOCKER_AUTH_CONFIG: JSON.stringify({ auths: of('a.example.org', 'given') }),
  };
  const userOf = async (registry: string): Promise<unknown> =>
    Object(await credentialFor({ environment }, { registry, repository: 'team/app' })).user;
  expect([await userOf('a.example.org'), await userOf('b.example.org')]).toEqual(['given', 'file']);
});
