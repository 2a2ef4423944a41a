import { createHash } from 'node:crypto';
import type { Digest } from '@kiln/base';
import { KilnError } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import type { SourceMirror, SourceRequest } from '@kiln/build';
import { describe, expect, test } from 'vitest';
import { Sources } from './sources.ts';

const bytes = Buffer.from('the source');
const hexOfBytes = (algorithm: string): string => createHash(algorithm).update(bytes).digest('hex');
const uri = 'https://upstream.test/source.tar.gz';
const request: SourceRequest = { uri, digest: { algorithm: 'sha256', hex: hexOfBytes('sha256') } };
const request512: SourceRequest = {
  uri,
  digest: { algorithm: 'sha512', hex: hexOfBytes('sha512') },
};

async function* stream(...chunks: Buffer[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

function mirror(name: string, find: SourceMirror['find']): SourceMirror {
  return { name, find };
}

const nothing = mirror('nothing', async () => undefined);
const broken = mirror('broken', async () => {
  throw new KilnError('SOURCE_UNAVAILABLE', 'listed and gone', { hint: 'pin another version' });
});
const wrong = mirror('wrong', async () => stream(Buffer.from('something else')));
const right = mirror('right', async () => stream(bytes.subarray(0, 3), bytes.subarray(3)));

function sources(
  mirrors: readonly SourceMirror[],
  fetchUrl = async () => undefined as AsyncIterable<Uint8Array> | undefined,
): {
  sources: Sources;
  blobs: MemoryBlobs;
} {
  const blobs = new MemoryBlobs();
  const known = new Map<string, Digest>();
  const sha512 = {
    get: async (hex: string) => known.get(hex),
    set: async (hex: string, blob: Digest) => void known.set(hex, blob),
  };
  return { sources: new Sources({ blobs, mirrors, fetchUrl, sha512 }), blobs };
}

describe('a source comes from', () => {
  test('the first mirror that has it, and then from the store', async () => {
    const { sources: s } = sources([nothing, broken, wrong, right]);
    expect(await s.fetch(request)).toMatchObject({ from: 'right', sizeBytes: bytes.length });
    expect(await s.fetch(request)).toMatchObject({ from: 'store' });
  });

  test('its address when no mirror has it', async () => {
    const { sources: s } = sources([nothing], async () => stream(bytes));
    expect(await s.fetch(request)).toMatchObject({ from: 'url' });
  });

  test('the store also by SHA-512', async () => {
    const { sources: s } = sources([right]);
    const first = await s.fetch(request512);
    expect(await s.fetch(request512)).toEqual({ ...first, from: 'store' });
  });
});

describe('a source is refused', () => {
  test('when its bytes are others: both digests are named and nothing is kept', async () => {
    const { sources: s, blobs } = sources([], async () => stream(Buffer.from('evil')));
    await expect(s.fetch(request)).rejects.toMatchObject({
      code: 'SOURCE_DIGEST_MISMATCH',
      retry: 'never',
      details: {
        expected: request.digest.hex,
        found: createHash('sha256').update('evil').digest('hex'),
      },
    });
    for await (const blob of blobs.list()) expect(blob).toBeUndefined();
  });

  test('when no place has it: the hint of the place that knew most', async () => {
    const { sources: s } = sources([nothing, broken]);
    await expect(s.fetch(request)).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      retry: 'later',
      hint: 'pin another version',
    });
  });

  test('when it is larger than allowed', async () => {
    const s = new Sources({ blobs: new MemoryBlobs(), mirrors: [right], bytesMax: 4 });
    await expect(s.fetch({ ...request, uri: 'debian-source:a/1/a.tar.gz' })).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
    });
  });

  test('when the caller gives up', async () => {
    const { sources: s } = sources([broken]);
    await expect(s.fetch(request, AbortSignal.abort(new Error('enough')))).rejects.toThrow(
      'enough',
    );
  });
});
