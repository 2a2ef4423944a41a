import { readPackage } from '@kiln/apk';
import { layerCompressions, makePackageSegments } from '@kiln/assemble';
import type { CompressionName, SegmentCache } from '@kiln/assemble';
import { KilnError, interruptible, messageOf } from '@kiln/base';
import type { Digest, Logger } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';

export interface SegmentsAheadOptions {
  readonly blobs: Pick<BlobStore, 'read'>;
  readonly segments: SegmentCache;
  readonly log: Logger;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

/** A package that was published, and how the images of its catalog are compressed. */
export interface PublishedApk {
  readonly apk: Digest;
  readonly compression: CompressionName;
}

/** Packages that may wait; of more the first image makes the segments. */
const waitingMax = 1000;

/**
 * Makes the segments of packages when they were published, beside everything else, so that the first image with them finds
 * them: those of Zstandard, since packages have those of gzip in them. Nobody waits for it, and nothing depends on it: what fails, or is lost with the process, the first image makes. One
 * package comes after the other, which takes no more than a CPU.
 */
export class SegmentsAhead {
  readonly #options: SegmentsAheadOptions;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(options: SegmentsAheadOptions) {
    this.#options = options;
  }

  /** Puts packages in the line, and returns at once. */
  want(packages: readonly PublishedApk[]): void {
    for (const one of packages.filter(({ compression }) => compression !== 'gzip')) {
      if (this.#waiting === waitingMax) return;
      this.#waiting += 1;
      this.#last = this.#last.then(() => this.#make(one));
    }
  }

  /** Resolves when nothing is under way of what was wanted so far. */
  idle(): Promise<void> {
    return this.#last;
  }

  async #make({ apk, compression }: PublishedApk): Promise<void> {
    this.#waiting -= 1;
    const { blobs, segments, log, signal } = this.#options;
    if (signal.aborted) return;
    try {
      const source = interruptible(blobs.read(apk), signal);
      const { info, data, close } = await readPackage(source, { dialect: 'plain' });
      try {
        const bytes = await makePackageSegments(
          { dataHash: info.dataHash, members: data },
          { compression: layerCompressions[compression], segments },
        );
        log.debug('segments made', { package: info.name, digest: apk, bytes });
      } finally {
        await close();
      }
    } catch (error) {
      if (signal.aborted) return;
      const code = error instanceof KilnError ? error.code : 'INTERNAL';
      log.warn('segments not made', { digest: apk, code, error: messageOf(error) });
    }
  }
}
