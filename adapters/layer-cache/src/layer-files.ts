import { copyFile, link, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KnownLayers, StoredLayer } from '@kiln/assemble';
import { KilnError, hexOf, isDigest, systemClock, systemRandom } from '@kiln/base';
import type { Clock, Digest, Random } from '@kiln/base';
import { ifGone } from './gone.ts';

export interface LayerFilesOptions {
  /** Made when absent. Holds `<plan>` and `<plan>.layer` for each layer. */
  readonly directory: string;
  /** Where images are made; on the same file system nothing is copied. */
  readonly blobs: {
    path(digest: Digest): string;
    /** Checks a file and makes it a blob. Throws `BLOB_DIGEST_MISMATCH`. */
    take(file: string, expected: Digest): Promise<unknown>;
  };
  readonly random?: Random;
  readonly clock?: Clock;
}

/**
 * Layers of earlier builds as files. One that is found is checked and becomes a blob of this build; one that is damaged is
 * forgotten. Several processes may share the directory, and files may be removed at any time: the time of a file is that of
 * its last use.
 */
export class LayerFiles implements KnownLayers {
  readonly #options: LayerFilesOptions;
  readonly #random: Random;
  readonly #clock: Clock;

  constructor(options: LayerFilesOptions) {
    this.#options = options;
    this.#random = options.random ?? systemRandom;
    this.#clock = options.clock ?? systemClock;
  }

  async find(plan: Digest): Promise<StoredLayer | undefined> {
    const facts = await readFile(this.#path(plan), 'utf8').catch(ifGone);
    const layer = facts === undefined ? undefined : parseLayer(facts);
    if (layer === undefined) return undefined;
    const kept = `${this.#path(plan)}.layer`;
    const temporary = this.#temporary();
    try {
      const now = this.#clock.now() / 1000;
      await utimes(kept, now, now);
      await linkOrCopy(kept, temporary);
      await this.#options.blobs.take(temporary, layer.descriptor.digest);
      return layer;
    } catch (error) {
      if (!(error instanceof KilnError)) return ifGone(error);
      if (error.code !== 'BLOB_DIGEST_MISMATCH') throw error;
      await rm(kept, { force: true });
      return undefined;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async keep(plan: Digest, layer: StoredLayer): Promise<void> {
    const path = this.#path(plan);
    const temporary = this.#temporary();
    try {
      await mkdir(this.#options.directory, { recursive: true });
      await linkOrCopy(this.#options.blobs.path(layer.descriptor.digest), temporary);
      await rename(temporary, `${path}.layer`);
      // Between two names of one file a rename does nothing.
      await rm(temporary, { force: true });
      await writeFile(temporary, JSON.stringify(layer), { flag: 'wx' });
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  #path(plan: Digest): string {
    return join(this.#options.directory, hexOf(plan));
  }

  #temporary(): string {
    return join(this.#options.directory, `tmp-${this.#random.id(8)}`);
  }
}

function parseLayer(text: string): StoredLayer | undefined {
  try {
    const layer = JSON.parse(text) as StoredLayer;
    return isDigest(layer.diffId) && isDigest(layer.descriptor.digest) ? layer : undefined;
  } catch {
    return undefined;
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EMLINK') throw error;
    await copyFile(from, to);
  }
}
