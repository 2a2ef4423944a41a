import {
  copyFile,
  link,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { KnownLayers, StoredLayer } from '@kiln/assemble';
import { hexOf, isDigest, systemClock, systemRandom } from '@kiln/base';
import type { Clock, Digest, Random } from '@kiln/base';
import { ifGone } from './gone.ts';

export interface LayerFilesOptions {
  /** Made when absent. Holds `<plan>` and `<plan>.layer` for each layer. */
  readonly directory: string;
  /** Where a blob of the build that uses them is, or will be; on the same file system nothing is copied. */
  readonly blobs: { path(digest: Digest): string };
  readonly random?: Random;
  readonly clock?: Clock;
}

/**
 * Layers of earlier builds as files. One that is found becomes a blob of this build, unread: who reads it compares it with its
 * CRC-32 then, and says when it is damaged. Several processes may share the directory, and files may be removed at any time: the
 * time of a file is that of its last use.
 */
export class LayerFiles implements KnownLayers {
  readonly #options: LayerFilesOptions;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #unchecked = new Map<Digest, { readonly plan: Digest; readonly crc: number }>();

  constructor(options: LayerFilesOptions) {
    this.#options = options;
    this.#random = options.random ?? systemRandom;
    this.#clock = options.clock ?? systemClock;
  }

  async find(plan: Digest): Promise<StoredLayer | undefined> {
    const facts = await readFile(this.#path(plan), 'utf8').catch(ifGone);
    const found = facts === undefined ? undefined : parseLayer(facts);
    if (found === undefined) return undefined;
    const { crc, ...layer } = found;
    const { digest, sizeBytes } = layer.descriptor;
    const kept = `${this.#path(plan)}.layer`;
    try {
      const now = this.#clock.now() / 1000;
      await utimes(kept, now, now);
      if ((await stat(kept)).size !== sizeBytes) return undefined;
      const blob = this.#options.blobs.path(digest);
      await mkdir(dirname(blob), { recursive: true });
      await linkOrCopy(kept, blob);
      this.#unchecked.set(digest, { plan, crc });
      return layer;
    } catch (error) {
      // The same layer may be there under another plan.
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return layer;
      return ifGone(error);
    }
  }

  /** The CRC-32 of a blob that was taken from an earlier build as it is; undefined for others. */
  uncheckedCrc(digest: Digest): number | undefined {
    return this.#unchecked.get(digest)?.crc;
  }

  /** Forgets the layers that nobody compared, and their blobs, where one of them turned out to be damaged. */
  async forgetUnchecked(): Promise<void> {
    for (const [digest, { plan }] of this.#unchecked) {
      await rm(this.#path(plan), { force: true });
      await rm(`${this.#path(plan)}.layer`, { force: true });
      await rm(this.#options.blobs.path(digest), { force: true });
    }
    this.#unchecked.clear();
  }

  async keep(plan: Digest, layer: StoredLayer, crc: number): Promise<void> {
    const path = this.#path(plan);
    const temporary = this.#temporary();
    try {
      await mkdir(this.#options.directory, { recursive: true });
      await linkOrCopy(this.#options.blobs.path(layer.descriptor.digest), temporary);
      await rename(temporary, `${path}.layer`);
      // Between two names of one file a rename does nothing.
      await rm(temporary, { force: true });
      await writeFile(temporary, JSON.stringify({ ...layer, crc }), { flag: 'wx' });
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

function parseLayer(text: string): (StoredLayer & { readonly crc: number }) | undefined {
  try {
    const layer = JSON.parse(text) as StoredLayer & { readonly crc: number };
    const isWhole = isDigest(layer.diffId) && isDigest(layer.descriptor.digest);
    return isWhole && typeof layer.crc === 'number' ? layer : undefined;
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
