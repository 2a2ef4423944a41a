import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AptDirectory } from './apt-directory.ts';
import type { AptDirectoryOptions } from './apt-directory.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kiln-apt-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const options = (name: string): AptDirectoryOptions => ({
  directory: join(directory, name),
  source: { types: ['deb'], uris: [], suites: ['x'], components: ['main'], signedBy: undefined },
  type: 'deb',
  suite: 'x',
  environment: { PATH: process.env['PATH'] ?? '' },
});

test('a host without apt is one', async () => {
  const apt = await AptDirectory.open(options('plain'));
  await expect(apt.run(['no-such-apt-get'])).rejects.toMatchObject({
    code: 'DEBIAN_APT_FAILED',
    message: 'there is no no-such-apt-get on this host',
    retry: 'never',
  });
});

test('a folder that apt’s settings cannot name is refused', async () => {
  await expect(AptDirectory.open(options('a;b'))).rejects.toMatchObject({
    code: 'DEBIAN_APT_FAILED',
  });
});
