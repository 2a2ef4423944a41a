import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@kiln/base';
import { blobStoreConformance } from '@kiln/blobs/conformance';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ScratchBlobs } from './index.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-scratch-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

blobStoreConformance(() => ({ store: new ScratchBlobs(join(folder, 'blobs')) }));

test('blobs are files by their digests, and nothing else is left there', async () => {
  const blobs = new ScratchBlobs(folder);
  const bytes = Buffer.alloc(3 * 2 ** 20, 'large ');
  await blobs.put(bytes);
  await expect(blobs.put(bytes, digestOf('else'))).rejects.toMatchObject({
    code: 'BLOB_DIGEST_MISMATCH',
  });
  expect(readFileSync(blobs.path(digestOf(bytes))).equals(bytes)).toBe(true);
  expect(readdirSync(folder)).toHaveLength(1);
});

test('what the system says to the source is not said of the blobs', async () => {
  const denied = Object.assign(new Error('denied'), { code: 'EACCES' });
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('some');
    throw denied;
  }
  await expect(new ScratchBlobs(folder).put(failing())).rejects.toBe(denied);
  expect(readdirSync(folder)).toEqual([]);
});

test('a full disk is named, and nothing stays', () => {
  // A file size limit of the process is the full disk that a test can make.
  const script = `
    import { ScratchBlobs } from ${JSON.stringify(join(import.meta.dirname, 'scratch-blobs.ts'))};
    process.on('SIGXFSZ', () => undefined);
    const bytes = new Uint8Array(3_000_000);
    for (const source of [bytes, (async function* () { yield bytes; })()])
      await new ScratchBlobs(process.argv[1]).put(source).catch(({ code }) => console.log(code));`;
  const limited = `ulimit -f 1024; exec "$0" --input-type=module-typescript -e "$1" "$2"`;
  const { stdout } = spawnSync('bash', ['-c', limited, process.execPath, script, folder]);
  expect(`${stdout}`).toBe('BLOB_NO_SPACE\nBLOB_NO_SPACE\n');
  expect(readdirSync(folder)).toEqual([]);
});
