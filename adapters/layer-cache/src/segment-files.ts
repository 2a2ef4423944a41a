import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { LayerSegment, SegmentCache } from '@kiln/assemble';
import { systemRandom } from '@kiln/base';
import type { Random } from '@kiln/base';
import { ifGone } from './gone.ts';

const headSizeBytes = 12;

/**
 * Segments as files below one directory, which is made when absent. A file has the size and the CRC-32 of the content and the
 * CRC-32 of the compressed bytes, 32 bits each, little-endian, then those bytes. One that is damaged counts as absent. Nothing
 * waits for the disk; several processes may share the directory, and files may be removed at any time.
 */
export class SegmentFiles implements SegmentCache {
  readonly #directory: string;
  readonly #random: Random;

  constructor({ directory, random = systemRandom }: { directory: string; random?: Random }) {
    this.#directory = directory;
    this.#random = random;
  }

  async get(key: string): Promise<LayerSegment | undefined> {
    const file = await readFile(this.#path(key)).catch(ifGone);
    if (file === undefined || file.length < headSizeBytes) return undefined;
    const bytes = file.subarray(headSizeBytes);
    if (crc32(bytes) !== file.readUInt32LE(8)) return undefined;
    return { bytes, sizeBytes: file.readUInt32LE(0), crc: file.readUInt32LE(4) };
  }

  /** A full disk is no error: the segment is made again. */
  async put(key: string, { bytes, sizeBytes, crc }: LayerSegment): Promise<void> {
    const head = Buffer.alloc(headSizeBytes);
    head.writeUInt32LE(sizeBytes, 0);
    head.writeUInt32LE(crc, 4);
    head.writeUInt32LE(crc32(bytes), 8);
    const path = this.#path(key);
    const temporary = `${path}.${this.#random.id(8)}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(temporary, [head, bytes], { flag: 'wx' });
      await rename(temporary, path);
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  #path(key: string): string {
    const name = createHash('sha256').update(key).digest('hex');
    return join(this.#directory, name.slice(0, 2), name);
  }
}
