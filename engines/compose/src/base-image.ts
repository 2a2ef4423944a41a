import type { Digest } from '@kiln/base';
import { KilnError, shorten } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type {
  BuiltPackage,
  Desired,
  FactoryRecords,
  GenerationHead,
  ImageBundle,
  ImageResult,
  KeyState,
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
    readonly packages: readonly Candidate[];
  }[];
}

type Candidate = Pick<BuiltPackage, 'record' | 'apk'>;

export interface BasePorts {
  readonly records: FactoryRecords;
  readonly blobs: BlobStore;
  readonly locks: LockMemo;
}

/**
 * Reads a base: the image that was published last, also while it is made anew or its new version fails. Throws
 * `COMPOSE_BASE_UNKNOWN`, and `COMPOSE_BASE_NOT_READY` where nothing of it was published yet.
 */
export async function readBase(ports: BasePorts, name: string): Promise<BaseImage> {
  const { records, blobs } = ports;
  const known = /^[A-Za-z0-9._-]+$/.test(name);
  const key = imageKey(name);
  const desired = known ? await records.desired(key) : undefined;
  if (desired === undefined)
    throw new KilnError('COMPOSE_BASE_UNKNOWN', `there is no image ${shorten(name)}`, {
      hint: 'name one of the catalog, without registry and tag: kiln image ls lists them',
    });
  const state = await records.state(key);
  const action = state?.action;
  const result = action === undefined ? undefined : await records.action(action);
  if (state === undefined || action === undefined || result?.kind !== 'image')
    throw notReady(name, 'it is being made for the first time');
  const bundleDigest = result.from?.bundle ?? currentBundle(name, desired, state);
  const bundle = await readBundle(blobs, { ...desired, bundle: bundleDigest }, 'image');
  const config = parseImageConfig(bundle.source, bundle.file);
  const candidates = await candidatesOf(ports, bundle, result);
  return { bundle, config, action, manifest: result.manifest, ...candidates };
}

/** The bundle of a result that does not say which it was made from. */
function currentBundle(name: string, desired: Desired, state: KeyState): Digest {
  if (state.status === 'ready' && state.desired === desired.bundle) return desired.bundle;
  throw notReady(name, 'it is being made anew');
}

async function candidatesOf(
  { records, locks }: BasePorts,
  { name, repositories: names, arch }: ImageBundle,
  result: ImageResult,
): Promise<Pick<BaseImage, 'generations' | 'repositories'>> {
  const locked = new Map(result.packages.map((one) => [one.name, one.checksum]));
  const missing = new Set(result.from === undefined ? locked.values() : []);
  const generations: GenerationHead[] = [];
  const repositories: BaseImage['repositories'][number][] = [];
  for (const repository of names) {
    const head = await records.generationHead(repository, arch);
    const published = head === undefined ? [] : await locks.packages(records, head);
    if (head !== undefined) generations.push(head);
    const own = result.from?.packages.filter((one) => one.repository === repository);
    // Where the result has the base's own packages, what the index shows under their names is of no account.
    const others = published.filter(({ record }) =>
      own === undefined
        ? (locked.get(record.name) ?? record.checksum) === record.checksum
        : !locked.has(record.name),
    );
    for (const { record } of others) missing.delete(record.checksum);
    repositories.push({ repository, packages: [...(own ?? []), ...others] });
  }
  if (missing.size > 0) throw notReady(name, 'a package of it was just replaced');
  return { generations, repositories };
}

function notReady(name: string, reason: string): KilnError {
  return new KilnError('COMPOSE_BASE_NOT_READY', `the image ${name} is not ready: ${reason}`, {
    hint: `kiln status says what image:${name} waits for; try again when it is ready`,
    retry: 'later',
  });
}
