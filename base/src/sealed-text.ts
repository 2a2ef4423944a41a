import { createHash } from 'node:crypto';
import { digestOf } from './digest.ts';

/** The digest of a text, a line feed, and the text: for files whose damage has to show before anything in them is believed. */
export function sealText(text: string): string {
  return `${digestOf(text)}\n${text}`;
}

/** The text that was sealed; undefined where it is not what it was. */
export function unsealText(sealed: string): string | undefined {
  const newline = sealed.indexOf('\n');
  const text = sealed.slice(newline + 1);
  return newline !== -1 && digestOf(text) === sealed.slice(0, newline) ? text : undefined;
}

/** The same for bytes in parts, which are not put together for it. */
export function sealBytes(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  return [Buffer.from(`${digestOfParts(parts)}\n`), ...parts];
}

/** The bytes that were sealed, in the same memory; undefined where they are not what they were. */
export function unsealBytes(sealed: Buffer): Buffer | undefined {
  const newline = sealed.indexOf('\n');
  const bytes = sealed.subarray(newline + 1);
  const found = newline !== -1 && sealed.toString('latin1', 0, newline) === digestOfParts([bytes]);
  return found ? bytes : undefined;
}

function digestOfParts(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return `sha256:${hash.digest('hex')}`;
}
