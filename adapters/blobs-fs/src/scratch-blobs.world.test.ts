import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@kiln/base';
import { expect, onTestFinished, test } from 'vitest';
import { ScratchBlobs } from './index.ts';

function scratch(): { readonly folder: string; readonly blobs: ScratchBlobs } {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-scratch-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, blobs: new ScratchBlobs(folder) };
}

async function* chunks(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const one of all) yield await Promise.resolve(one);
}

const large = Buffer.alloc(3 * 2 ** 20, 'large ');
const small = Buffer.from('small');

test('blobs are files by their digests, whole or as they come, also twice', async () => {
  const { folder, blobs } = scratch();
  const both = Buffer.concat([large, small]);
  for (const source of [small, chunks(large, small), both]) await blobs.put(source);
  expect(readFileSync(blobs.path(digestOf(small)))).toEqual(small);
  expect(readFileSync(blobs.path(digestOf(both))).equals(both)).toBe(true);
  expect(readdirSync(folder)).toHaveLength(2);
  expect(await blobs.put(chunks(), digestOf(''))).toEqual({ digest: digestOf(''), sizeBytes: 0 });
});

test('nothing is kept of another content than expected, or of a source that fails', async () => {
  const { folder, blobs } = scratch();
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield* chunks(large);
    throw new Error('the source failed');
  }
  for (const source of [small, chunks(large)])
    await expect(blobs.put(source, digestOf('else'))).rejects.toMatchObject({
      code: 'BLOB_DIGEST_MISMATCH',
    });
  await expect(blobs.put(failing())).rejects.toThrow('the source failed');
  expect(readdirSync(folder)).toEqual([]);
});

test('a full disk is named, and nothing stays', () => {
  const { folder } = scratch();
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
