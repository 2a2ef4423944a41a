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
    credentialFor(environment, { registry: 'registry.example.org', repository: 'team/app' });
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
