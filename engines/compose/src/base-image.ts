import type { Digest } from '@kiln/base';
import { KilnError, shorten } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type {
  BuiltPackage,
  FactoryRecords,
  GenerationHead,
  ImageBundle,
  LockMemo,
} from '@kiln/factory';
import { imageKey, readBundle } from '@kiln/factory';
import type { ImageConfig } from '@kiln/image-config';
import { parseImageConfig } from '@kiln/image-config';

/** An image of the catalog as it was published last, and the packages that may be added to it. */
export interface BaseImage {
  readonly bundle: ImageBundle;
  readonly config: ImageConfig;
  /** The action whose result it is. */
  readonly action: Digest;
  readonly manifest: Digest;
  readonly generations: readonly GenerationHead[];
  /** Of each name that the base has, the file it has; of others, all that are published. */
  readonly repositories: readonly {
    readonly repository: string;
    readonly packages: readonly BuiltPackage[];
  }[];
}

export interface BasePorts {
  readonly records: FactoryRecords;
  readonly blobs: BlobStore;
  readonly locks: LockMemo;
}

/** Reads a base. Throws `COMPOSE_BASE_UNKNOWN`, and `COMPOSE_BASE_NOT_READY` while it is being made. */
export async function readBase(
  { records, blobs, locks }: BasePorts,
  name: string,
): Promise<BaseImage> {
  const known = /^[A-Za-z0-9._-]+$/.test(name);
  const key = imageKey(name);
  const desired = known ? await records.desired(key) : undefined;
  if (desired === undefined)
    throw new KilnError('COMPOSE_BASE_UNKNOWN', `there is no image ${shorten(name)}`, {
      hint: 'kiln image ls lists those of the catalog',
    });
  const state = await records.state(key);
  const action = state?.status === 'ready' ? state.action : undefined;
  const result = action === undefined ? undefined : await records.action(action);
  if (action === undefined || state?.desired !== desired.bundle || result?.kind !== 'image')
    throw notReady(name, 'it is being made');
  const bundle = await readBundle(blobs, desired, 'image');
  const locked = new Map(result.packages.map((one) => [one.name, one.checksum]));
  const missing = new Set(locked.values());
  const generations: GenerationHead[] = [];
  const repositories: { repository: string; packages: readonly BuiltPackage[] }[] = [];
  for (const repository of bundle.repositories) {
    const head = await records.generationHead(repository, bundle.arch);
    if (head === undefined) continue;
    const packages = (await locks.packages(records, head)).filter(
      ({ record }) => (locked.get(record.name) ?? record.checksum) === record.checksum,
    );
    for (const { record } of packages) missing.delete(record.checksum);
    generations.push(head);
    repositories.push({ repository, packages });
  }
  if (missing.size > 0) throw notReady(name, 'a package of it was just replaced');
  const config = parseImageConfig(bundle.source, bundle.file);
  return { bundle, config, action, manifest: result.manifest, generations, repositories };
}

function notReady(name: string, reason: string): KilnError {
  return new KilnError('COMPOSE_BASE_NOT_READY', `the image ${name} is not ready: ${reason}`, {
    hint: `kiln status says what image:${name} waits for; try again when it is ready`,
    retry: 'later',
  });
}
