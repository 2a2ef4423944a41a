import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DockerConfig } from './index.ts';

let root: string;
beforeAll(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-docker-config-test-'));
});
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

test('a helper gets a password under the name that docker has for the registry', async () => {
  const program = path.join(root, 'docker-credential-test');
  fs.writeFileSync(program, `#!/bin/sh\ncat >> "${root}/$1"\n`, { mode: 0o755 });
  const config = new DockerConfig({
    text: '{"credsStore": "test"}',
    file: 'config.json',
    environment: { PATH: `${root}:${process.env['PATH']}` },
  });
  const stored = async (registry: string): Promise<unknown> => {
    fs.rmSync(path.join(root, 'store'), { force: true });
    expect(await config.storePassword(registry, 'u', 'p')).toBe(true);
    return JSON.parse(fs.readFileSync(path.join(root, 'store'), 'utf8'));
  };
  const hub = 'index.docker.io';
  const given = { ServerURL: `https://${hub}/v1/`, Username: 'u', Secret: 'p' };
  expect(await stored('docker.io')).toEqual(given);
  expect(await stored(hub)).toEqual(given);
  expect(await stored('r.example.org')).toEqual({ ...given, ServerURL: 'r.example.org' });
});

test('a helper that waits ends when it is not wanted any more', async () => {
  const program = path.join(root, 'docker-credential-waits');
  fs.writeFileSync(program, `#!/bin/sh\nexec sleep 1000\n`, { mode: 0o755 });
  const ended = new AbortController();
  const config = new DockerConfig({
    text: '{"credsStore": "waits"}',
    file: 'config.json',
    environment: { PATH: `${root}:${process.env['PATH']}` },
    signal: ended.signal,
  });
  const found = config.credentialFor('r.example.org', 'team/app');
  ended.abort();
  await expect(found).rejects.toMatchObject({ code: 'REGISTRY_CLIENT_CREDENTIALS' });
});
