import { concatBytes } from '@kiln/base';
import {
  collectedBytesMax,
  gunzipBytes,
  pieceBytesMax,
  pieceBytesMin,
  splitMembers,
} from '@kiln/gzip';
import { directoryEntry, fileEntry, writeTar } from '@kiln/tar';
import type { TarMember } from '@kiln/tar';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dataPieces } from './data-pieces.ts';
import { dataMembers, dataSegment } from './data-segment.ts';
import type { DataFile } from './data-segment.ts';

const sizes = [0, 1, 511, pieceBytesMin - 1, pieceBytesMin, pieceBytesMax, pieceBytesMax + 1];

function filesOf(of: readonly number[]): DataFile[] {
  return of.map((size, i) => {
    const content = Buffer.alloc(size, `${i} and so on `);
    return { entry: fileEntry(`f${String(i).padStart(4, '0')}`, size), open: () => content };
  });
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return concatBytes(all);
}

/** The same members in chunks of another size. */
async function* rechunked(
  files: readonly DataFile[],
  chunkBytes: number,
): AsyncGenerator<TarMember> {
  for await (const { entry, content } of dataMembers(files)) {
    const whole =
      content instanceof Uint8Array ? content : await bytesOf(content as AsyncIterable<Uint8Array>);
    yield { entry, content: parts(whole, chunkBytes) };
  }
}

async function* parts(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes)
    yield await Promise.resolve(bytes.subarray(at, at + chunkBytes));
}

it('are the archive, none larger than a piece may be, however contents come', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...sizes), { maxLength: 6 }),
      fc.integer({ min: 1000, max: 2 ** 21 }),
      async (of, chunkBytes) => {
        const files = filesOf(of);
        const archive = await bytesOf(writeTar(dataMembers(files)));
        const pieces: Uint8Array[] = [];
        for await (const piece of dataPieces(rechunked(files, chunkBytes))) pieces.push(piece);
        expect(Buffer.concat(pieces).equals(archive)).toBe(true);
        for (const piece of pieces) {
          expect(piece.length).toBeGreaterThan(0);
          expect(piece.length).toBeLessThanOrEqual(pieceBytesMax);
        }
        const again = await bytesOf(dataSegment(filesOf(of)));
        expect(Buffer.from(gunzipBytes(again)).equals(archive)).toBe(true);
        expect(splitMembers(again)[0]?.segments?.map((one) => one.contentSizeBytes)).toEqual(
          pieces.map(({ length }) => length),
        );
      },
    ),
    { numRuns: 25 },
  );
});

it('collect headers up to a size, and cut one that is longer than a piece', async () => {
  const pax = new Map([['comment', Buffer.alloc(pieceBytesMax + 5000, 'x')]]);
  const members = async function* (): AsyncGenerator<TarMember> {
    for (let i = 0; i < 1000; i += 1)
      yield { entry: directoryEntry(`d${i}`), content: Buffer.alloc(0) };
    yield { entry: fileEntry('long', 0, { pax }), content: Buffer.alloc(0) };
  };
  const pieces: Uint8Array[] = [];
  for await (const piece of dataPieces(members())) pieces.push(piece);
  expect(pieces.slice(0, -2).every(({ length }) => length <= collectedBytesMax)).toBe(true);
  expect(pieces.some(({ length }) => length === pieceBytesMax)).toBe(true);
  expect(Buffer.concat(pieces).equals(Buffer.from(await bytesOf(writeTar(members()))))).toBe(true);
});

it.each([
  [pieceBytesMin, pieceBytesMin - 1],
  [pieceBytesMin, pieceBytesMin + 1],
  [10, 9],
  [10, 11],
])('refuse %i bytes that turn out to be %i', async (said, is) => {
  const members = async function* (): AsyncGenerator<TarMember> {
    yield { entry: fileEntry('a', said), content: parts(Buffer.alloc(is), 100) };
  };
  await expect(bytesOf(dataPieces(members()))).rejects.toMatchObject({
    code: 'TAR_CONTENT_LENGTH',
  });
});
