import { expect, test } from 'vitest';
import { WaitingWriter } from './index.ts';

/** Takes no more than so many bytes at once, and remembers how many that were. */
function slowFile(most: number): {
  some: (bytes: Uint8Array) => number;
  writes: number[];
  content: () => Buffer;
} {
  const writes: number[] = [];
  const written: Buffer[] = [];
  const some = (bytes: Uint8Array): number => {
    const taken = Buffer.from(bytes.subarray(0, most));
    writes.push(taken.length);
    written.push(taken);
    return taken.length;
  };
  return { some, writes, content: () => Buffer.concat(written) };
}

const kibibytes = (count: number, byte: number): Buffer => Buffer.alloc(count * 1024, byte);

test('small chunks are written together, in their order among large ones', () => {
  const { some, writes, content } = slowFile(Number.MAX_SAFE_INTEGER);
  const writer = new WaitingWriter(some);
  const chunks = [10, 20, 100, 1, 64, 63, 63, 0, 5].map((size, i) => kibibytes(size, i));
  const reused = Buffer.alloc(100 * 1024);
  for (const chunk of chunks) {
    // Whoever gives a chunk may use its memory again.
    chunk.copy(reused);
    writer.write(reused.subarray(0, chunk.length));
  }
  writer.end();
  expect(content().equals(Buffer.concat(chunks))).toBe(true);
  expect(writes.map((size) => size / 1024)).toEqual([30, 100, 1, 64, 126, 5]);
  writer.end();
  expect(writes).toHaveLength(6);
});

test('what was written in part is gone on with', () => {
  const { some, writes, content } = slowFile(1000);
  const writer = new WaitingWriter(some);
  writer.write(kibibytes(70, 1));
  writer.write(Buffer.from('end'));
  writer.end();
  expect(writes).toHaveLength(73);
  expect(content().equals(Buffer.concat([kibibytes(70, 1), Buffer.from('end')]))).toBe(true);
});
