import { createHash } from 'node:crypto';
import { bufferOf, digestFromHex } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { TarEntry } from '@kiln/tar';
import type { ImageLayer } from './layered.ts';
import { sourceOf } from './layer-pieces.ts';
import type { OrderedEntry } from './layer.ts';

/** What is hashed at once, in characters. */
const textMax = 64 * 1024;

/**
 * Names a layer by what it is made of: all that its headers say, and of every content where it is from, a package's data by their
 * digest and the file in them, or else its own digest. Equal plans give equal archives; no package's file is read, and no
 * header printed. Undefined where a package does not say the digest of its data. `format` is that of the compression.
 */
export function layerPlan(layer: ImageLayer, format: string): Digest | undefined {
  const hash = createHash('sha256');
  let text = `kiln layer 2\n${format}\n`;
  for (const one of layer.entries) {
    const content = contentName(one);
    if (content === undefined) return undefined;
    text += `${headerText(one.entry)}${content}\n`;
    if (text.length < textMax) continue;
    hash.update(text);
    text = '';
  }
  return digestFromHex(hash.update(text).digest('hex'));
}

function headerText(entry: TarEntry): string {
  const { path, type, mode, uid, gid, userName, groupName, sizeBytes } = entry;
  const { mtimeSeconds, linkTarget, deviceMajor, deviceMinor, pax } = entry;
  const facts = [path, type, mode, uid, gid, userName, groupName, sizeBytes];
  const further = [mtimeSeconds, linkTarget, deviceMajor, deviceMinor];
  const records = pax.size === 0 ? [] : [...pax].map(([key, value]) => [key, hex(value)]);
  return JSON.stringify([...facts, ...further, ...records]);
}

function hex(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('hex');
}

function contentName(one: OrderedEntry): string | undefined {
  if (one.type !== 'file' || one.sizeBytes === 0) return '';
  const source = sourceOf(one);
  if (source !== undefined) return source;
  const content = one.open();
  return content instanceof Uint8Array
    ? createHash('sha256').update(content).digest('hex')
    : undefined;
}
