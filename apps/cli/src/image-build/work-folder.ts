import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { KilnError } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { RunBuffers, layerCompressions, storeLayer } from '@kiln/assemble';
import type { CompressionName, ImageLayer, StoredLayer } from '@kiln/assemble';
import { ScratchBlobs } from '@kiln/blobs-fs';
import { ScratchFolder } from '../scratch-folder.ts';
import { layerCaches } from './layer-caches.ts';
import type { LayerCaches } from './layer-caches.ts';
import { cacheDirectoryOf } from './repositories.ts';
import type { ImageTask } from './task.ts';

type WorkTask = Pick<ImageTask, 'reading' | 'environment' | 'signal'>;

/** Where layers and documents of a build lie until they are written out; the folder goes when the build ends. */
export class WorkFolder implements AsyncDisposable {
  readonly blobs: ScratchBlobs;
  readonly #folder: ScratchFolder;
  readonly #caches: LayerCaches;
  readonly #signal: AbortSignal;
  readonly #buffers = new RunBuffers();
  readonly #chunks = new Chunks();

  private constructor(
    folder: ScratchFolder,
    {
      blobs,
      caches,
      signal,
    }: {
      readonly blobs: ScratchBlobs;
      readonly caches: LayerCaches;
      readonly signal: AbortSignal;
    },
  ) {
    this.#folder = folder;
    this.blobs = blobs;
    this.#caches = caches;
    this.#signal = signal;
  }

  /** For a task, which says where builds keep what they make of packages. */
  static async create(task: WorkTask): Promise<WorkFolder> {
    const folder = await ScratchFolder.create('kiln-apko-');
    try {
      const blobs = new ScratchBlobs(folder.path);
      const caches = await layerCaches(path.join(cacheDirectoryOf(task), 'layers'), blobs);
      return new WorkFolder(folder, { blobs, caches, signal: task.signal });
    } catch (error) {
      await folder[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Compresses a layer, or takes it from an earlier build. */
  addLayer(layer: ImageLayer, compression: CompressionName): Promise<StoredLayer> {
    return storeLayer(layer, {
      blobs: this.blobs,
      compression: layerCompressions[compression],
      ...this.#caches,
      buffers: this.#buffers,
      signal: this.#signal,
    });
  }

  /**
   * A blob, to be written elsewhere. What was written or read lately is copied in less time than another thread is asked for it:
   * this waits for it. `memory` says whether a chunk's is used again for the chunk after the next. Throws `IMAGE_LAYER_DAMAGED` at the end of
   * a layer of an earlier build that is not what it was; the next build makes it again; and the signal's reason.
   */
  async *read(digest: Digest, memory: 'used again' | 'new'): AsyncGenerator<Uint8Array> {
    const { known } = this.#caches;
    const wanted = known.uncheckedCrc(digest);
    let crc = 0;
    for (const chunk of this.#chunks.of(this.blobs.path(digest), memory)) {
      this.#signal.throwIfAborted();
      if (wanted !== undefined) crc = crc32(chunk, crc);
      yield chunk;
    }
    if (wanted === undefined || crc === wanted) return;
    known.forgetUnchecked();
    throw new KilnError(
      'IMAGE_LAYER_DAMAGED',
      `layer ${digest} of an earlier build is damaged on disk`,
      { retry: 'later', hint: 'it was forgotten: build again, and look after the disk' },
    );
  }

  /** Reads blobs that nobody compared yet, for whoever cannot take back what it wrote of them. Throws as `read`. */
  async compare(digests: Iterable<Digest>): Promise<void> {
    for (const digest of new Set(digests)) {
      if (this.#caches.known.uncheckedCrc(digest) === undefined) continue;
      const chunks = this.read(digest, 'used again');
      while ((await chunks.next()).done !== true);
    }
  }

  /** Takes a blob that is in a file. Throws `BLOB_DIGEST_MISMATCH`. */
  async import(file: string, digest: Digest): Promise<void> {
    await this.blobs.put(createReadStream(file) as AsyncIterable<Buffer>, digest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#caches.maker[Symbol.dispose]();
    this.#caches.sums[Symbol.dispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

const copyBytes = 2 ** 20;

/** Two buffers by turns: while one is written the other is filled. */
class Chunks {
  readonly #buffers: Buffer[] = [];
  #turn = 0;

  *of(path: string, memory: 'used again' | 'new'): Generator<Uint8Array> {
    const file = openSync(path, 'r');
    try {
      for (let at = 0; ;) {
        const buffer = memory === 'new' ? Buffer.allocUnsafeSlow(copyBytes) : this.#next();
        const count = readSync(file, buffer, 0, buffer.length, at);
        if (count === 0) return;
        at += count;
        yield buffer.subarray(0, count);
      }
    } finally {
      closeSync(file);
    }
  }

  #next(): Buffer {
    this.#turn = 1 - this.#turn;
    return (this.#buffers[this.#turn] ??= Buffer.allocUnsafeSlow(copyBytes));
  }
}

const damages: ReadonlySet<string> = new Set(['IMAGE_LAYER_DAMAGED', 'APK_CACHE_BROKEN']);

/** Each finds one package that is damaged. */
const attemptsMax = 5;

/**
 * Does something in a work folder, and again in another one where what was kept of an earlier build turned out to be damaged: that
 * was dropped. Throws what `work` throws.
 */
export async function inWorkFolder<T>(
  task: WorkTask,
  work: (folder: WorkFolder) => Promise<T>,
): Promise<T> {
  const attempt = async (): Promise<T> => {
    await using folder = await WorkFolder.create(task);
    return await work(folder);
  };
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      const isDamaged = error instanceof KilnError && damages.has(error.code);
      if (!isDamaged || attempts === attemptsMax) throw error;
    }
  }
}
