import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, systemClock, systemRandom } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { MemoryPackIndex, composeBlob, wholeSegment } from '@kiln/blobs';
import type { BlobPart, ComposedBlob } from '@kiln/blobs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FsBlobs } from './fs-blobs.ts';
import { PackFiles } from './pack-files.ts';
import { parseRecord, printRecord } from './pack-record.ts';
import { PackedBlobs } from './packed-blobs.ts';
import { staleTemporaryMs } from './temporary.ts';

const day = staleTemporaryMs + 60_000;
let directory: string;
let index: MemoryPackIndex;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kiln-pack-damage-'));
  index = new MemoryPackIndex();
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** A store that remembers nothing of what another read. */
function openStore(laterMs = 0): PackedBlobs {
  const clock = { now: () => Date.now() + laterMs };
  return new PackedBlobs({ files: new FsBlobs({ directory, clock }), index, clock });
}

async function packFiles(): Promise<string[]> {
  const names = await readdir(join(directory, 'packs'), { recursive: true });
  return names
    .filter((name) => /[0-9a-f]{32}$/.test(name))
    .map((name) => join(directory, 'packs', name));
}

const segment = Buffer.from('a segment of some length');
const composed = composeBlob([
  Buffer.from('before'),
  wholeSegment(digestOf(segment), segment),
  Buffer.alloc(3000, 'after'),
]);
const plain = composeBlob([Buffer.from('plain')]);

async function storeOne(): Promise<string> {
  const store = openStore();
  await store.put(segment);
  await store.putMany([plain, composed]);
  const [file, ...others] = await packFiles();
  expect(others).toEqual([]);
  return file!;
}

/** Everything that a store says of two blobs, or the codes of what it throws. */
async function readBack(digests: readonly Digest[]): Promise<readonly string[]> {
  const store = openStore();
  return Promise.all(
    digests.map(async (digest) => {
      try {
        const bytes = await store.bytes(digest);
        return digestOf(bytes) === digest ? 'right' : 'wrong';
      } catch (error) {
        return String((error as { code?: unknown }).code);
      }
    }),
  );
}

describe('a damaged pack', () => {
  it('gives right bytes or an error, whichever byte of it is another', async () => {
    const file = await storeOne();
    const bytes = await readFile(file);
    expect(await readBack([plain.digest, composed.digest])).toEqual(['right', 'right']);
    const codes = new Set<string>();
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 0x41, at);
      await writeFile(file, damaged);
      for (const code of await readBack([plain.digest, composed.digest])) codes.add(code);
    }
    expect([...codes].sort()).toEqual(['BLOB_PACK_INVALID', 'right']);
  });

  it('is refused wherever it was cut short', async () => {
    const file = await storeOne();
    const bytes = await readFile(file);
    for (let length = 0; length < bytes.length; length += 1) {
      await writeFile(file, bytes.subarray(0, length));
      expect(await readBack([plain.digest])).toEqual(['BLOB_PACK_INVALID']);
    }
  });

  it('is refused when its head was made to fit and says what cannot be', async () => {
    const file = await storeOne();
    const bytes = await readFile(file);
    const headAt = bytes.readUInt32LE(bytes.length - 40);
    const headLength = bytes.readUInt32LE(bytes.length - 36);
    const entries = headLength - 2 * 46;
    const forge = async (change: (head: Buffer) => void): Promise<readonly string[]> => {
      const forged = Buffer.from(bytes);
      const head = forged.subarray(headAt, headAt + headLength);
      change(head);
      createHash('sha256')
        .update(head)
        .digest()
        .copy(forged, bytes.length - 32);
      await writeFile(file, forged);
      return readBack([composed.digest]);
    };
    const invalid = ['BLOB_PACK_INVALID'];
    const entry = entries + 46;
    expect(await forge(() => undefined)).toEqual(['right']);
    expect(await forge((head) => head.writeUInt32LE(0xffffffff, 0))).toEqual(invalid);
    expect(await forge((head) => head.writeUInt32LE(0xffffffff, 8))).toEqual(invalid);
    expect(await forge((head) => head.writeUIntLE(2 ** 40, entry + 32, 6))).toEqual([
      'BLOB_TOO_LARGE',
    ]);
    expect(await forge((head) => head.writeUIntLE(5, entry + 32, 6))).toEqual(invalid);
    expect(await forge((head) => head.writeUInt32LE(7, entry + 38))).toEqual(invalid);
    expect(await forge((head) => head.writeUInt32LE(0xfffffff0, entry + 42))).toEqual(invalid);
    // A block that is said to be longer or shorter when decompressed, or to lie elsewhere.
    const block = entries - 12;
    expect(await forge((head) => head.writeUInt32LE(0x7fffffff, block + 8))).toEqual(invalid);
    expect(await forge((head) => head.writeUInt32LE(9, block + 8))).toEqual(invalid);
    expect(await forge((head) => head.writeUInt32LE(headAt, block))).toEqual(invalid);
    expect(await forge((head) => head.writeUInt32LE(0, block + 4))).toEqual(invalid);
    // Another blob under the digest that is asked for is not taken for it.
    expect(await forge((head) => head.fill(7, entry, entry + 32))).toEqual(['BLOB_UNKNOWN']);
  });

  it('without the blob that it has segments of says which one is missing', async () => {
    await storeOne();
    await new FsBlobs({ directory }).delete(digestOf(segment));
    const missing = openStore().bytes(composed.digest);
    await expect(missing).rejects.toMatchObject({
      code: 'BLOB_UNKNOWN',
      message: expect.stringContaining(digestOf(segment)) as string,
    });
  });
});

describe('a pack that says what no writer says', () => {
  const [one, two, short, often] = ['one', 'two', 'short', 'often'].map((text) => digestOf(text));
  const part = (blob: Digest, end: number): BlobPart => ({
    blob,
    start: 0,
    end,
    bytes: new Uint8Array(),
  });

  async function storeForged(): Promise<PackedBlobs> {
    const store = openStore();
    await store.put(segment);
    const of = digestOf(segment);
    const packs = new PackFiles({
      directory: join(directory, 'packs'),
      clock: systemClock,
      random: systemRandom,
    });
    const forged: ComposedBlob[] = [
      { digest: one!, sizeBytes: 9, parts: [part(two!, 9)] },
      { digest: two!, sizeBytes: 9, parts: [part(one!, 9)] },
      { digest: short!, sizeBytes: 9000, parts: [part(of, 9000)] },
      {
        digest: often!,
        sizeBytes: 60_000,
        parts: Array.from({ length: 60_000 }, () => part(of, 1)),
      },
    ];
    const name = await packs.write(forged);
    await index.add(
      name,
      forged.map(({ digest }) => digest),
      0,
    );
    return store;
  }

  it('has blobs whose segments lie in each other, which ends, and which are not read', async () => {
    const store = await storeForged();
    expect(await store.touch(one!)).toEqual({ digest: one, sizeBytes: 9 });
    await expect(store.bytes(one!)).rejects.toMatchObject({ code: 'BLOB_PACK_INVALID' });
    const over = composeBlob([wholeSegment(one!, Buffer.from('123456789'))]);
    await expect(store.putMany([over])).rejects.toMatchObject({ code: 'BLOB_SEGMENT_INVALID' });
  });

  it('has segments that end after their blob, which are refused and not cut', async () => {
    const store = await storeForged();
    const refused = { code: 'BLOB_SEGMENT_INVALID' };
    await expect(store.bytes(short!)).rejects.toMatchObject(refused);
    // Once with the segment's blob in memory.
    expect((await store.bytes(often!)).length).toBe(60_000);
    await expect(store.bytes(short!)).rejects.toMatchObject(refused);
  });

  it('has one segment very often, which is used once', async () => {
    const store = await storeForged();
    expect(await store.touch(often!)).toEqual({ digest: often, sizeBytes: 60_000 });
  }, 2000);
});

describe('records', () => {
  it('of any bytes are read within their block, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), (block, offset) => {
        expect(() => {
          try {
            const parts = parseRecord('00', block, offset, [digestOf('a')]);
            const longest = parts.map((part) => (part instanceof Uint8Array ? part.length : 0));
            if (Math.max(0, ...longest) > block.length) throw new Error('more than there is');
          } catch (error) {
            if ((error as { code?: unknown }).code !== 'BLOB_PACK_INVALID') throw error;
          }
        }).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });

  it('give back the parts that they were made of', () => {
    const blobs = [digestOf('a'), digestOf('b')];
    const part: fc.Arbitrary<BlobPart> = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.record({
        blob: fc.constantFrom(...blobs),
        start: fc.nat(2 ** 40),
        end: fc.constant(2 ** 41),
        bytes: fc.constant(new Uint8Array()),
      }),
    );
    fc.assert(
      fc.property(fc.array(part), fc.uint8Array({ maxLength: 20 }), (parts, before) => {
        const record = Buffer.concat([...printRecord(parts, (blob) => blobs.indexOf(blob))]);
        const block = Buffer.concat([before, record, Buffer.from('rest')]);
        const read = parseRecord('00', block, before.length, blobs);
        expect(
          read.map((one) => (one instanceof Uint8Array ? Buffer.from(one) : { ...one })),
        ).toEqual(
          parts.map((one) =>
            one instanceof Uint8Array
              ? Buffer.from(one)
              : { blob: one.blob, start: one.start, end: one.end },
          ),
        );
      }),
    );
  });
});

describe('a pack that never came into the index', () => {
  it('is not read, and removed when it is a day old', async () => {
    const store = openStore();
    index.add = () => Promise.reject(new Error('the database went away'));
    await expect(store.putMany([plain])).rejects.toThrow('went away');
    expect(await store.stat(plain.digest)).toBeUndefined();
    expect(await packFiles()).toHaveLength(1);
    await openStore().open();
    expect(await packFiles()).toHaveLength(1);
    await openStore(day).open();
    expect(await packFiles()).toEqual([]);
  });

  it('does not take with it what did', async () => {
    await storeOne();
    await openStore(day).open();
    expect(await readBack([plain.digest, composed.digest])).toEqual(['right', 'right']);
  });

  it('goes with its last blob', async () => {
    await storeOne();
    const store = openStore();
    await store.delete(plain.digest);
    expect(await packFiles()).toHaveLength(1);
    await store.delete(composed.digest);
    expect(await packFiles()).toEqual([]);
    expect(await readBack([composed.digest])).toEqual(['BLOB_UNKNOWN']);
  });
});
