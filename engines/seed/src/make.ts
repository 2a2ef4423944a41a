import { digestFromHex, mapBounded } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { DebianArchive, DownloadProgress } from './archive.ts';
import { Closure } from './closure.ts';
import type { SeedDefinition } from './definition.ts';
import type { WrapContext, WrappedPackage } from './wrap.ts';
import { wrapDeb, wrapGenerated } from './wrap.ts';

/** Where the making of a seed is. */
export type SeedStage =
  | { readonly kind: 'resolving' }
  | { readonly kind: 'resolved'; readonly packages: number }
  | { readonly kind: 'fetching'; readonly progress: DownloadProgress }
  | { readonly kind: 'wrapping'; readonly packages: number; readonly packagesTotal: number };

export interface MakeSeedRequest {
  readonly definition: SeedDefinition;
  readonly archive: DebianArchive;
  /** Data segments stay in it; the Debian packages go as soon as they are wrapped. */
  readonly blobs: BlobStore;
  readonly buildTimeSeconds: number;
  onStage?(stage: SeedStage): void;
  readonly signal?: AbortSignal;
}

/** How many packages are wrapped at once: decompressing waits for another process, compressing for zlib's threads. */
const wrappedAtOnce = 4;

/**
 * Resolves, fetches and wraps all packages of a seed, in no particular order. Throws what the archive and `wrapDeb` throw,
 * and the signal's reason.
 */
export async function makeSeed(request: MakeSeedRequest): Promise<readonly WrappedPackage[]> {
  const { definition, archive, blobs, buildTimeSeconds, signal } = request;
  request.onStage?.({ kind: 'resolving' });
  const packages = await archive.resolveClosure(definition.roots, signal);
  request.onStage?.({ kind: 'resolved', packages: packages.length });
  const debs = await archive.downloadDebs(
    packages,
    (progress) => request.onStage?.({ kind: 'fetching', progress }),
    signal,
  );
  const context: WrapContext = {
    definition,
    closure: new Closure(packages),
    blobs,
    buildTimeSeconds,
  };
  const generated = await wrapGenerated(context);
  const fetched = packages.map((one, at) => ({ one, deb: debs[at] ?? digestFromHex(one.sha256) }));
  let done = 0;
  const wrap = async ({ one, deb }: (typeof fetched)[number]): Promise<WrappedPackage> => {
    const wrapped = await archive.open(deb, (opened) => wrapDeb(one, opened, context));
    await blobs.delete(deb);
    done += 1;
    request.onStage?.({ kind: 'wrapping', packages: done, packagesTotal: packages.length });
    return wrapped;
  };
  return [...generated, ...(await mapBounded(fetched, wrappedAtOnce, wrap, signal))];
}

/** A stage in words; undefined for one that is over at once. */
export function stageText(stage: SeedStage): string | undefined {
  switch (stage.kind) {
    case 'resolving':
      return 'resolving Debian packages';
    case 'resolved':
      return undefined;
    case 'fetching':
      return fetchingText(stage.progress);
    case 'wrapping':
      return `wrapping packages, ${stage.packages} of ${stage.packagesTotal}`;
  }
}

function fetchingText(progress: DownloadProgress): string {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
  return (
    `fetching Debian packages, ${progress.packages} of ${progress.packagesTotal}` +
    `, ${megabytes(progress.bytes)} of ${megabytes(progress.bytesTotal)} MB`
  );
}
