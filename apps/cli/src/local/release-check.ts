import path from 'node:path';
import { readPackage, recordOf, type ApkPackage, type IndexRecord } from '@kiln/apk';
import { KilnError, messageOf, shorten } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { EmittedPackage } from '@kiln/build';
import { sonameImpact, type EpochBump, type RecipeNode } from '@kiln/graph';
import {
  diffRelease,
  releasedPackage,
  releasedRecipe,
  type ReleaseDiff,
  type ReleasedPackage,
} from '@kiln/lint';
import type { Recipe } from '@kiln/recipe';
import { packageAddress, type RepositoryIndex } from '@kiln/solve';
import { compareVersions } from '@kiln/version';
import type { LocalGuests } from './guest.ts';

export interface ReleaseCheckRequest {
  readonly recipe: Recipe;
  readonly arch: string;
  /** What the recipe gives now; its segments are in the store. */
  readonly built: readonly EmittedPackage[];
  readonly blobs: BlobStore;
  /** Of the repositories of the build, and of the folder of the packages. */
  readonly indexes: readonly RepositoryIndex[];
  /** Its packages go before those of other repositories. */
  readonly outDirectory: string;
  readonly guests: Pick<LocalGuests, 'readPackage'>;
  /** The recipes among which those that need a new epoch are looked for; asked only where a library goes away. */
  tree(): Promise<readonly RecipeNode[]>;
  /** Ids of findings, or `all`, beside those that the recipe acknowledges. */
  readonly acknowledged: readonly string[];
  readonly onWarning: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface ReleaseCheck extends ReleaseDiff {
  /** The full version that was compared with; undefined: nothing is published of the recipe. */
  readonly published: string | undefined;
  /** Recipes that lose a library. */
  readonly epochs: readonly EpochBump[];
}

/**
 * Compares what a recipe gives with what is published of it: the newest version in the folder of the packages, or, where it
 * has none, in the other repositories. Packages of the same name that no recipe of this name made are not of it. A file of a
 * local repository that is not what its index says is told and not compared. Throws what reading the packages of a server
 * throws.
 */
export async function checkRelease(request: ReleaseCheckRequest): Promise<ReleaseCheck> {
  const { recipe, built, acknowledged } = request;
  const published = publishedOf(request);
  const version = published[0]?.record.version;
  const checksums = new Set(built.map(({ checksum }) => checksum));
  const isSame =
    published.length === built.length &&
    published.every(({ record }) => checksums.has(record.checksum));
  const previous = isSame ? [] : await readPublished(request, published);
  if (previous.length === 0) return { findings: [], unused: [], published: version, epochs: [] };
  const next: ReleasedPackage[] = [];
  for (const one of built) next.push(await releasedPackage(await readEmitted(request, one)));
  const known = [...recipe.acknowledgements.map(({ finding }) => finding), ...acknowledged];
  const diff = diffRelease({ previous, next, acknowledged: known });
  const all = acknowledged.includes('all');
  return {
    findings: diff.findings.map((one) => (all ? { ...one, acknowledged: true } : one)),
    // A build of the version that is published does not change again what it changed once.
    unused: version === built[0]?.version ? [] : diff.unused.filter((finding) => finding !== 'all'),
    published: version,
    epochs: await epochsOf(request, diff),
  };
}

interface Published {
  readonly record: IndexRecord;
  readonly index: RepositoryIndex;
}

function publishedOf({ recipe, indexes, outDirectory }: ReleaseCheckRequest): readonly Published[] {
  const { name } = recipe.package;
  const all = indexes.flatMap((index) =>
    [...index.records]
      .filter((record) => (record.origin || record.name) === name)
      .map((record) => ({ record, index })),
  );
  const own = all.filter(
    ({ index }) => path.resolve(index.repository) === path.resolve(outDirectory),
  );
  const found = own.length > 0 ? own : all;
  const newest = found.reduce<string | undefined>(
    (best, { record: { version } }) =>
      best === undefined || compareVersions(version, best) > 0 ? version : best,
    undefined,
  );
  const names = new Map<string, Published>();
  for (const one of found)
    if (one.record.version === newest && !names.has(one.record.name))
      names.set(one.record.name, one);
  return [...names.values()];
}

async function readPublished(
  request: ReleaseCheckRequest,
  published: readonly Published[],
): Promise<readonly ReleasedPackage[]> {
  const packages: ReleasedPackage[] = [];
  for (const one of published) {
    const apk = await openPublished(request, one);
    if (apk === undefined) return [];
    const isOwn = releasedRecipe(apk) === request.recipe.package.name;
    if (isOwn) packages.push(await releasedPackage(apk));
    else await apk.close();
  }
  return packages;
}

async function openPublished(
  { arch, guests, onWarning, signal }: ReleaseCheckRequest,
  { record, index: { repository, tag } }: Published,
): Promise<ApkPackage | undefined> {
  const { name, version, checksum, sizeBytes } = record;
  const url = packageAddress(repository, arch, record);
  try {
    const source = await guests.readPackage(
      { name, version, checksum, sizeBytes, url, repository, tag },
      signal,
    );
    // Nothing of it gets its own name on a disk, so links may lead anywhere.
    return await readPackage(source, { links: 'any', dialect: 'apko' });
  } catch (error) {
    if (!(error instanceof KilnError) || /^https?:/.test(url)) throw error;
    onWarning(
      `${name}-${version} is published, and its file is not there as it was: this release is not compared (${shorten(messageOf(error), 300)})`,
    );
    return undefined;
  }
}

function readEmitted(
  { blobs }: ReleaseCheckRequest,
  { control, data }: EmittedPackage,
): Promise<ApkPackage> {
  async function* segments(): AsyncGenerator<Uint8Array> {
    yield control;
    yield* blobs.read(data.digest);
  }
  return readPackage(segments(), { links: 'any' });
}

async function epochsOf(
  request: ReleaseCheckRequest,
  { findings }: ReleaseDiff,
): Promise<readonly EpochBump[]> {
  if (!findings.some(({ kind }) => kind === 'removed-soname')) return [];
  const { built, indexes } = request;
  return sonameImpact({
    before: indexes.flatMap(({ records }) => [...records]),
    built: built.map(({ info, checksum, control, data }) =>
      recordOf(info, checksum, control.length + data.sizeBytes),
    ),
    recipes: await request.tree(),
  });
}

/** Throws `LOCAL_RELEASE_UNACKNOWLEDGED` for findings that nobody acknowledged, with all that has to be known to do so. */
export function requireAcknowledged(
  name: string,
  { findings, published, epochs }: ReleaseCheck,
): void {
  const open = findings.filter(({ acknowledged }) => !acknowledged);
  if (open.length === 0) return;
  const lines = open
    .slice(0, linesMax)
    .map(({ id, message }) => `\n  ${shorten(id, 200)}: ${shorten(message, 500)}`);
  const more = open.length > linesMax ? `\n  and ${open.length - linesMax} more` : '';
  throw new KilnError(
    'LOCAL_RELEASE_UNACKNOWLEDGED',
    `${name} is not what is published as ${published}:${lines.join('')}${more}${epochLines(epochs)}`,
    {
      hint: 'where it is meant, write the finding and the reason under kiln.acknowledge of the recipe, or give --acknowledge FINDING',
      details: { findings: open.map(({ id }) => id) },
    },
  );
}

const linesMax = 20;

/** Which recipes need a new epoch, a line each, every one on a line of its own. */
export function epochLines(epochs: readonly EpochBump[]): string {
  return epochs
    .map(({ recipe, file, epoch, packages }) => {
      const where = file ?? 'not in this tree';
      const what = epoch === undefined ? where : `epoch ${epoch} in ${where}`;
      const lost = packages.flatMap((one) =>
        one.lost.map(({ atom }) => `${one.name} needs ${atom}`),
      );
      return `\n  to build again: ${recipe} (${what}): ${lost.join(', ')}`;
    })
    .join('');
}
