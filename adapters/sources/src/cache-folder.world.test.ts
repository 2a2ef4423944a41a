import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemRandom } from '@kiln/base';
import type { SourceRequest } from '@kiln/build';
import { keepInFolder } from './cache-folder.ts';
import type { FetchUrl } from './fetch-url.ts';

let folder = '';
beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'kiln-cache-')), 'cache');
});
afterEach(() => rmSync(path.dirname(folder), { recursive: true }));

const content = Buffer.from('a source archive');
const uri = 'https://upstream.example.org/a.tar.gz';
const digestOf = (algorithm: 'sha256' | 'sha512', bytes = content): SourceRequest['digest'] => ({
  algorithm,
  hex: createHash(algorithm).update(bytes).digest('hex'),
});
const both = [digestOf('sha256'), digestOf('sha512')];
const names = both.map(({ algorithm, hex }) => `${algorithm}:${hex}`);

let asked = 0;
const serve =
  (bytes: Uint8Array | 'nothing'): FetchUrl =>
  async () => {
    asked++;
    return bytes === 'nothing'
      ? undefined
      : (async function* () {
          yield bytes.subarray(0, 5);
          yield bytes.subarray(5);
        })();
  };
const keep = (
  digests: readonly SourceRequest['digest'][],
  bytes: Uint8Array | 'nothing' = content,
  bytesMax = 100,
): Promise<string> =>
  keepInFolder(
    folder,
    { uri, digests },
    { fetchUrl: serve(bytes), random: systemRandom, bytesMax },
  );

describe('a folder of sources', () => {
  test('gets each source under each of its digests, once', async () => {
    asked = 0;
    expect(await keep(both)).toBe('fetched');
    expect(readdirSync(folder).sort()).toEqual(names);
    for (const name of names) expect(readFileSync(path.join(folder, name))).toEqual(content);
    expect(await keep(both)).toBe('present');
    expect(await keep(both.slice(0, 1))).toBe('present');
    expect(asked).toBe(1);
  });

  test('gets again what lies there with other bytes', async () => {
    await keep(both);
    writeFileSync(path.join(folder, names[1] ?? ''), 'damaged');
    expect(await keep(both)).toBe('fetched');
    expect(readFileSync(path.join(folder, names[1] ?? ''))).toEqual(content);
  });

  test('gets nothing that is not what was asked for', async () => {
    const refused = { code: 'SOURCE_DIGEST_MISMATCH' };
    await expect(keep(both, Buffer.from('something else'))).rejects.toMatchObject(refused);
    await expect(
      keep([digestOf('sha256'), digestOf('sha512', Buffer.from('else'))]),
    ).rejects.toMatchObject(refused);
    await expect(keep(both, 'nothing')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    await expect(keep(both, content, 10)).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('asks nobody for a digest that is none, and makes no file of it', async () => {
    asked = 0;
    for (const hex of ['', '../../etc/passwd', digestOf('sha512').hex, 'A'.repeat(64)])
      await expect(keep([{ algorithm: 'sha256', hex }])).rejects.toMatchObject({
        code: 'SOURCE_DIGEST_MISMATCH',
      });
    expect(asked).toBe(0);
  });
});
