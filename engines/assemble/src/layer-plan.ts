import { createHash } from 'node:crypto';
import { digestFromHex } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { printHeader } from '@kiln/tar';
import type { ImageLayer } from './layered.ts';
import { sourceOf } from './layer-pieces.ts';
import type { HeaderOf } from './layer-pieces.ts';
import type { OrderedEntry } from './layer.ts';

/**
 * Names a layer by what it is made of: every header, and of every content where it is from, a package's data by their
 * digest and the file in them, or else its own digest. Equal plans give equal archives; no package's file is read.
 * Undefined where a package does not say the digest of its data. `format` is that of the compression.
 */
export function layerPlan(
  layer: ImageLayer,
  format: string,
  headerOf: HeaderOf = ({ entry }) => printHeader(entry),
): Digest | undefined {
  const hash = createHash('sha256').update(`kiln layer 1\n${format}\n`);
  for (const one of layer.entries) {
    hash.update(headerOf(one));
    if (one.entry.type !== 'file' || one.entry.sizeBytes === 0) continue;
    const content = contentName(one);
    if (content === undefined) return undefined;
    hash.update(`${content}\n`);
  }
  return digestFromHex(hash.digest('hex'));
}

function contentName(one: OrderedEntry): string | undefined {
  const source = sourceOf(one);
  if (source !== undefined) return source;
  const content = one.open();
  return content instanceof Uint8Array
    ? createHash('sha256').update(content).digest('hex')
    : undefined;
}
