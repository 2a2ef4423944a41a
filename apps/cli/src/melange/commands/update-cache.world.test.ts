import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hostArchitecture } from '../../local/architecture.ts';
import { ranMelange } from '../testing.ts';

let folder = '';
let server: Server;
let asked: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'kiln-update-cache-'));
  mkdirSync(path.join(folder, 'cache'));
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end(`source of ${request.url}`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

async function updateCache(
  recipe: string,
): Promise<{ readonly code: number; readonly talk: string }> {
  const file = path.join(folder, 'recipe.yaml');
  writeFileSync(file, recipe);
  const words = ['update-cache', file, '--cache-dir', path.join(folder, 'cache')];
  const { code, talk } = await ranMelange(words);
  return { code, talk };
}

const digest = (algorithm: string, url: string): string =>
  createHash(algorithm).update(`source of ${url}`).digest('hex');

function recipe(steps: string): string {
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return `package:
  name: cached
  version: "1.2"
  epoch: 0
vars:
  folder: some
pipeline:
${steps.replaceAll('BASE', base)}`;
}

test('the sources of the main pipeline are kept by their digests, and fetched once', async () => {
  const arch = hostArchitecture();
  const second = `/some/b-${arch}.tgz`;
  const text = recipe(`  - uses: fetch
    with:
      uri: BASE/\${{package.name}}-\${{ package.version }}.tar.gz
      expected-sha256: ${digest('sha256', '/cached-1.2.tar.gz')}
  - pipeline:
      - uses: fetch
        with:
          uri: BASE/\${{vars.folder}}/b-\${{build.arch}}.tgz
          expected-sha512: ${digest('sha512', second).toUpperCase()}
  - uses: fetch
    with:
      uri: BASE/unpinned
      expected-none: true
  - runs: "true"
`);
  const first = await updateCache(text);
  expect(first.talk).toContain('INFO fetched http://127.0.0.1:');
  expect(first.talk).toContain('WARN http://127.0.0.1:');
  expect(first.code).toBe(0);
  expect(readdirSync(path.join(folder, 'cache')).sort()).toEqual([
    `sha256:${digest('sha256', '/cached-1.2.tar.gz')}`,
    `sha512:${digest('sha512', second)}`,
  ]);
  expect(asked).toEqual(['/cached-1.2.tar.gz', second]);
  const again = await updateCache(text);
  expect(again).toMatchObject({ code: 0, talk: expect.stringContaining('INFO present http') });
  expect(asked).toHaveLength(2);
});

test('other bytes than the recipe’s end it, and nothing is kept', async () => {
  const wrong = digest('sha256', '/other');
  const { code, talk } = await updateCache(
    recipe(`  - uses: fetch\n    with:\n      uri: BASE/a\n      expected-sha256: ${wrong}\n`),
  );
  expect(code).toBe(1);
  expect(talk).toMatch(
    new RegExp(`^ERRO .*/a has sha256 ${digest('sha256', '/a')}, not ${wrong}$`, 'm'),
  );
  expect(readdirSync(path.join(folder, 'cache'))).toEqual([]);
});

test('a recipe without a pipeline has nothing to fetch', async () => {
  const text = 'package:\n  name: meta\n  version: "1"\n  epoch: 0\n';
  expect(await updateCache(text)).toEqual({ code: 0, talk: '' });
});

test('a folder that is not there is not made', async () => {
  rmSync(path.join(folder, 'cache'), { recursive: true });
  const sha256 = digest('sha256', '/a');
  const { code, talk } = await updateCache(
    recipe(`  - uses: fetch\n    with:\n      uri: BASE/a\n      expected-sha256: ${sha256}\n`),
  );
  expect({ code, talk }).toMatchObject({ code: 1, talk: expect.stringContaining('no folder') });
  expect(readdirSync(folder)).toEqual(['recipe.yaml']);
});
