import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseInvocation } from '../command.ts';
import { packageBump } from '../commands/package-bump.ts';
import { readConfig } from '../config.ts';
import { ranMelange } from '../melange/testing.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-bump-'));
const file = path.join(folder, 'lib.yaml');
const server = http.createServer((request, response) => {
  if (request.url === '/lib-1.1.tar.gz') response.end('the archive of 1.1');
  else response.writeHead(404).end();
});
const digest = (algorithm: string): string =>
  createHash(algorithm).update('the archive of 1.1').digest('hex');
let recipe = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  recipe = `# a library
package:
  name: lib
  version:  '1.0'   # upstream's
  epoch: 3
pipeline:
  - uses: fetch
    with:
      uri: http://127.0.0.1:${port}/lib-\${{package.version}}.tar.gz
      expected-sha256: "${'0'.repeat(64)}"
      expected-sha512: ${'0'.repeat(128)}
`;
});
beforeEach(() => fs.writeFileSync(file, recipe));
afterAll(() => {
  server.close();
  fs.rmSync(folder, { recursive: true });
});

function bumped(): string {
  return recipe
    .replace("'1.0'", "'1.1'")
    .replace('epoch: 3', 'epoch: 0')
    .replace(`"${'0'.repeat(64)}"`, `"${digest('sha256')}"`)
    .replace('0'.repeat(128), digest('sha512'));
}

async function packageBumpOf(...words: readonly string[]): Promise<string> {
  let out = '';
  const print = { data: (text: string) => void (out += text), talk: () => {} };
  const code = await packageBump.run(parseInvocation(packageBump, words, readConfig({}), print));
  expect(code).toBe(0);
  return out;
}

describe('kiln package bump', () => {
  test('fetches, hashes, and replaces values in place', async () => {
    fs.chmodSync(file, 0o640);
    expect(await packageBumpOf(file, '1.1')).toBe('lib-1.1-r0\n');
    expect(fs.readFileSync(file, 'utf8')).toBe(bumped());
    expect(fs.statSync(file).mode & 0o777).toBe(0o640);
    expect(fs.readdirSync(folder)).toEqual(['lib.yaml']);
  });

  test('says in JSON what it did, and does nothing where it is only asked', async () => {
    const document: unknown = JSON.parse(await packageBumpOf(file, '1.1', '--dry-run', '--json'));
    expect(document).toMatchObject({
      package: 'lib',
      version: '1.1',
      epoch: 0,
      changes: [
        { what: 'package.version', line: 4, from: '1.0', to: '1.1' },
        { what: 'package.epoch', line: 5, from: '3', to: '0' },
        { what: 'expected-sha256', line: 10, to: digest('sha256') },
        { what: 'expected-sha512', line: 11, to: digest('sha512') },
      ],
      fetched: [{ sizeBytes: 18, sha256: digest('sha256') }],
      remarks: [{ what: 'fetch', line: 9 }],
    });
    expect(fs.readFileSync(file, 'utf8')).toBe(recipe);
  });

  test('leaves the file as it is where a source is missing', async () => {
    await expect(packageBumpOf(file, '1.2')).rejects.toMatchObject({
      code: 'BUMP_SOURCE_NOT_FOUND',
    });
    expect(fs.readFileSync(file, 'utf8')).toBe(recipe);
  });

  test('refuses a file that is not UTF-8, which it would change', async () => {
    fs.writeFileSync(file, Buffer.concat([Buffer.from(recipe), Buffer.from([0x23, 0xff, 0x0a])]));
    await expect(packageBumpOf(file, '1.1')).rejects.toMatchObject({
      code: 'LOCAL_FILE_UNREADABLE',
    });
  });

  test('needs a recipe and a version that a build takes', async () => {
    await expect(packageBumpOf(file)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(packageBumpOf(file, 'v1.1')).rejects.toMatchObject({
      code: 'USAGE',
      message: 'not a version of apk packages: "v1.1"',
    });
    expect(fs.readFileSync(file, 'utf8')).toBe(recipe);
  });
});

test('kiln melange bump does the same, and says so in melange’s lines', async () => {
  const { code, talk } = await ranMelange(['bump', file, '1.1']);
  expect(code).toBe(0);
  expect(fs.readFileSync(file, 'utf8')).toBe(bumped());
  expect(talk).toMatch(/^INFO fetching http:\S+\/lib-1\.1\.tar\.gz\nINFO line 4: /);
  expect(talk).toMatch(/\nINFO \S+lib\.yaml is of lib-1\.1-r0\n$/);
});
