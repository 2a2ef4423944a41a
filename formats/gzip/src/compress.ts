import { createDeflateRaw, deflateRawSync } from 'node:zlib';
import type { DeflateRaw } from 'node:zlib';
import { concatBytes } from '@kiln/base';
import { written } from './engine.ts';
import { ContentCheck, memberHeader } from './member.ts';
import type { GzipOptions } from './member.ts';

const defaultLevel = 6;
const blockSizeBytes = 64 * 1024;

/**
 * Compresses a stream into exactly one gzip member (RFC 1952) whose header is the same everywhere.
 * The bytes depend on content and level only, never on how the source was cut into chunks.
 */
export async function* gzipMember(
  source: AsyncIterable<Uint8Array> | Uint8Array,
  options: GzipOptions = {},
): AsyncGenerator<Uint8Array> {
  const check = new ContentCheck();
  const deflate = createDeflateRaw({
    level: options.level ?? defaultLevel,
    chunkSize: blockSizeBytes,
  });
  const feeding = feed(deflate, source, check);
  feeding.catch((error: unknown) =>
    deflate.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  try {
    yield memberHeader();
    for await (const chunk of deflate) yield chunk as Uint8Array;
    await feeding;
    yield check.trailer();
  } finally {
    deflate.destroy();
  }
}

/** Compresses bytes at hand into one member: the same bytes as `gzipMember`. */
export function gzipBytes(bytes: Uint8Array, options: GzipOptions = {}): Uint8Array {
  const check = new ContentCheck();
  check.update(bytes);
  const body = deflateRawSync(bytes, { level: options.level ?? defaultLevel });
  return concatBytes([memberHeader(), body, check.trailer()]);
}

async function feed(
  deflate: DeflateRaw,
  source: AsyncIterable<Uint8Array> | Uint8Array,
  check: ContentCheck,
): Promise<void> {
  for await (const block of blocks(source)) {
    check.update(block);
    if (deflate.destroyed) return;
    await written(deflate, block);
  }
  deflate.end();
}

/** Cuts a stream into equal blocks, so that the compressor sees the same calls for the same content. */
async function* blocks(source: AsyncIterable<Uint8Array> | Uint8Array): AsyncGenerator<Uint8Array> {
  let pending = Buffer.alloc(blockSizeBytes);
  let filled = 0;
  for await (const chunk of source instanceof Uint8Array ? [source] : source) {
    for (let offset = 0; offset < chunk.length;) {
      const part = chunk.subarray(offset, offset + blockSizeBytes - filled);
      pending.set(part, filled);
      filled += part.length;
      offset += part.length;
      if (filled < blockSizeBytes) continue;
      yield pending;
      pending = Buffer.alloc(blockSizeBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield pending.subarray(0, filled);
}
