import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { KnownLayers, StoredLayer } from '@kiln/assemble';
import { hexOf, quietly, sealText, systemClock, systemRandom, unsealText } from '@kiln/base';
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
 * time of a file is that of its last use. What is done to few small files takes less time than to ask another thread for it: whoever
 * asks waits.
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

  find(plan: Digest): Promise<StoredLayer | undefined> {
    return Promise.try(() => this.#find(plan));
  }

  #find(plan: Digest): StoredLayer | undefined {
    const found = readLayer(this.#path(plan));
    if (found?.plan !== plan) return undefined;
    const { crc, layer } = found;
    const { digest, sizeBytes } = layer.descriptor;
    const kept = `${this.#path(plan)}.layer`;
    try {
      const now = this.#clock.now() / 1000;
      // Not of somebody else's cache, nor of one that is read-only.
      quietly(() => utimesSync(kept, now, now));
      if (statSync(kept).size !== sizeBytes) return undefined;
      const blob = this.#options.blobs.path(digest);
      mkdirSync(dirname(blob), { recursive: true });
      linkOrCopy(kept, blob);
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
  forgetUnchecked(): void {
    for (const [digest, { plan }] of this.#unchecked) {
      rmSync(this.#path(plan), { force: true });
      rmSync(`${this.#path(plan)}.layer`, { force: true });
      rmSync(this.#options.blobs.path(digest), { force: true });
    }
    this.#unchecked.clear();
  }

  /** A full disk, or a directory that nobody may write to, is no error: the layer is made again. */
  keep(plan: Digest, layer: StoredLayer, crc: number): Promise<void> {
    return Promise.try(() => this.#keep(plan, layer, crc));
  }

  #keep(plan: Digest, layer: StoredLayer, crc: number): void {
    const path = this.#path(plan);
    const temporary = this.#temporary();
    try {
      mkdirSync(this.#options.directory, { recursive: true });
      linkOrCopy(this.#options.blobs.path(layer.descriptor.digest), temporary);
      renameSync(temporary, `${path}.layer`);
      // Between two names of one file a rename does nothing.
      rmSync(temporary, { force: true });
      writeFileSync(temporary, sealText(JSON.stringify({ plan, crc, layer })), { flag: 'wx' });
      renameSync(temporary, path);
    } catch {
      quietly(() => rmSync(temporary, { force: true }));
    }
  }

  #path(plan: Digest): string {
    return join(this.#options.directory, hexOf(plan));
  }

  #temporary(): string {
    return join(this.#options.directory, `tmp-${this.#random.id(8)}`);
  }
}

interface KeptLayer {
  /** What it is kept for: a file may be another's by mistake. */
  readonly plan: Digest;
  readonly crc: number;
  readonly layer: StoredLayer;
}

/** Undefined for one that is not there, or damaged. */
function readLayer(path: string): KeptLayer | undefined {
  try {
    const text = unsealText(readFileSync(path, 'utf8'));
    if (text === undefined) return undefined;
    return JSON.parse(text) as KeptLayer;
  } catch (error) {
    return ifGone(error);
  }
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EMLINK') throw error;
    copyFileSync(from, to);
  }
}
