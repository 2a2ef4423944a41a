import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LayerSegment, SegmentCache } from '@kiln/assemble';
import { systemRandom } from '@kiln/base';
import type { Random } from '@kiln/base';
import { ifGone } from './gone.ts';
import { parseSegment, printHead, segmentPath } from './segment-file.ts';

/**
 * Segments as files below one directory, which is made when absent. One that is damaged counts as absent. Nothing waits for the
 * disk; several processes may share the directory, and files may be removed at any time.
 */
export class SegmentFiles implements SegmentCache {
  readonly #directory: string;
  readonly #random: Random;

  constructor({ directory, random = systemRandom }: { directory: string; random?: Random }) {
    this.#directory = directory;
    this.#random = random;
  }

  async get(key: string): Promise<LayerSegment | undefined> {
    const file = await readFile(segmentPath(this.#directory, key)).catch(ifGone);
    return file === undefined ? undefined : parseSegment(file);
  }

  /** A full disk is no error: the segment is made again. */
  async put(key: string, segment: LayerSegment): Promise<void> {
    const path = segmentPath(this.#directory, key);
    const temporary = `${path}.${this.#random.id(8)}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(temporary, [printHead(segment), segment.bytes], { flag: 'wx' });
      await rename(temporary, path);
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }
}
