import path from 'node:path';
import type { CheckedPackage, PackageSection } from '@kiln/apk-client';
import { KilnError, compareBytes, counted, sortUnique, withoutUserInfo } from '@kiln/base';
import { printLockFile } from '@kiln/image-config';
import type { LockedKey, LockedPackage, LockedRepository, LockedSection } from '@kiln/image-config';
import { imageWorld, lockImages, solveImage } from '@kiln/solve';
import type { GuestKeys, Solved } from '@kiln/solve';
import { apkArch, wantedArchitectures } from './architectures.ts';
import { baseImageOf, baseIndex, baseWorld } from './base-image.ts';
import { inContext } from './in-context.ts';
import { lockedKey, repeatedArchitectures } from './lock-file.ts';
import { ImageRepositories, packageOf } from './repositories.ts';
import type { ImageRequest } from './request.ts';
import { imageRequest, lockRequest, requirePackages, trustedKeys } from './request.ts';
import type { ImageTask } from './task.ts';
import { writeFile } from './write-file.ts';

/** Where a lock goes. */
export interface LockOutput {
  /** "" is a file beside the configuration. */
  readonly output: string;
  /** Of that file. */
  readonly extension: string;
  /** Takes the lock instead of a file. */
  readonly print?: ((text: string) => void) | undefined;
}

/** What was locked. */
export interface WrittenLock {
  /** Undefined where it was printed. */
  readonly file: string | undefined;
  readonly packages: readonly LockedPackage[];
}

/**
 * Writes a lock, beside the configuration where no file is given. Dialect `kiln` locks what a build would take, all
 * architectures together; dialect `apko` solves each architecture by itself and leaves out what a base image holds. The files
 * of packages are fetched, since the lock says where in them each part lies.
 */
export async function writeLock(
  task: ImageTask,
  { output, extension, print }: LockOutput,
): Promise<WrittenLock> {
  const { file, dialect } = task;
  const request = await imageRequest(task);
  requirePackages(request);
  const archs = wantedArchitectures(task.archs, request.config.archs, dialect);
  const [repeated] = repeatedArchitectures(archs);
  if (repeated !== undefined)
    throw new KilnError('USAGE', `architecture "${repeated}" is listed twice`, {
      hint: 'list each architecture once in archs',
    });
  const repositories = new ImageRepositories(task);
  task.onStage?.('reading keys and indexes');
  const keys = await repositories.trusted(request, archs);
  const context = { request, archs, keys, repositories };
  const packages = await (dialect === 'apko'
    ? lockedApart(context)
    : lockedTogether(context, task));
  const { buildRepositories, runtimeRepositories, repositories: own } = request.config.contents;
  const { appended } = request;
  const isWhole = dialect === 'kiln';
  const text = printLockFile({
    config: { name: file, checksum: request.checksum },
    keyring: await lockedKeys(
      isWhole ? trustedKeys(request) : request.config.contents.keyring,
      context,
    ),
    buildRepositories: lockedRepositories(
      isWhole ? [...buildRepositories, ...appended.buildRepositories] : buildRepositories,
      archs,
    ),
    runtimeRepositories: lockedRepositories(runtimeRepositories, archs),
    repositories: lockedRepositories(isWhole ? [...own, ...appended.repositories] : own, archs),
    packages,
  });
  if (print !== undefined) {
    print(text);
    return { file: undefined, packages };
  }
  const written =
    output || `${file.slice(0, file.length - path.extname(file).length)}.${extension}`;
  await writeFile(written, [Buffer.from(text)]);
  return { file: written, packages };
}

interface LockContext {
  readonly request: ImageRequest;
  readonly archs: readonly string[];
  /** Those that are trusted, for each architecture. */
  readonly keys: ReadonlyMap<string, GuestKeys>;
  readonly repositories: ImageRepositories;
}

async function lockedTogether(
  { request, archs, keys, repositories }: LockContext,
  task: ImageTask,
): Promise<readonly LockedPackage[]> {
  const indexes = await repositories.indexes(request, { archs, keys, extra: () => [] });
  const packages: LockedPackage[] = [];
  for (const { arch, packages: solved } of lockImages(lockRequest(request), indexes)) {
    task.onStage?.(`fetching ${counted(solved.length, 'package')} for ${apkArch(arch)}`);
    const locked = await withSections(solved, arch, repositories);
    // Of whatever architecture its index says a package is, it is locked for this one.
    packages.push(...locked.map((one) => ({ ...one, architecture: apkArch(arch) })));
  }
  return packages;
}

async function lockedApart({
  request,
  archs,
  keys,
  repositories,
}: LockContext): Promise<readonly LockedPackage[]> {
  const packages: LockedPackage[] = [];
  for (const arch of archs) {
    const base = baseImageOf(request, arch);
    const present = new Set(base?.image.packages.map(({ name }) => name));
    const locked = await inContext('failed to get package list for image', async () => {
      const indexes = await repositories.indexes(request, {
        archs: [arch],
        keys,
        extra: () => (base === undefined ? [] : [baseIndex(base)]),
      });
      const world = imageWorld(lockRequest(request), baseWorld(base));
      const solved = indexes
        .flatMap((one) => solveImage(world, one))
        .filter(({ record }) => !present.has(record.name));
      return withSections(solved, arch, repositories);
    });
    packages.push(...locked);
  }
  return packages;
}

async function withSections(
  solved: readonly Solved[],
  arch: string,
  repositories: ImageRepositories,
): Promise<readonly LockedPackage[]> {
  const wanted = solved.map((one) => packageOf(one, arch));
  const sections = await repositories.sections(wanted);
  return solved.map((one, i) => lockedPackage(one, wanted[i]?.url ?? '', sections[i]));
}

function lockedPackage(
  { record }: Solved,
  url: string,
  sections: CheckedPackage | undefined,
): LockedPackage {
  const none: LockedSection = { range: '', checksum: '' };
  const { name, version, arch, checksum } = record;
  if (sections === undefined)
    return {
      name,
      url,
      version,
      architecture: arch,
      signature: none,
      control: none,
      data: none,
      checksum,
    };
  const { signature, control, data } = sections;
  const dataAt = signature.sizeBytes + control.sizeBytes;
  return {
    name,
    url,
    version,
    architecture: arch,
    signature: signature.sizeBytes === 0 ? none : section(signature, 0, 'sha1'),
    control: section(control, signature.sizeBytes, 'sha1'),
    data: section(data, dataAt, 'sha256'),
    checksum,
  };
}

function section(
  { sizeBytes, hash }: PackageSection,
  start: number,
  algorithm: 'sha1' | 'sha256',
): LockedSection {
  return {
    range: `bytes=${start}-${start + sizeBytes - 1}`,
    checksum: `${algorithm}-${Buffer.from(hash).toString('base64')}`,
  };
}

/**
 * One record for each place, in the order of their names; a place given twice is there twice, as apko has it. In dialect `apko`
 * also one for each key that repositories of the configuration are said to have.
 */
async function lockedKeys(
  places: readonly string[],
  { request, archs, repositories }: LockContext,
): Promise<readonly LockedKey[]> {
  const keys: LockedKey[] = [];
  for (const place of places)
    for (const key of await repositories.keys([place]))
      keys.push(
        request.dialect === 'kiln'
          ? lockedKey(place, key)
          : keyRecord(withoutUserInfo(place), key.pem),
      );
  if (request.dialect === 'apko') {
    const { buildRepositories, runtimeRepositories, repositories: own } = request.config.contents;
    const asked = sortUnique([...buildRepositories, ...runtimeRepositories, ...own]);
    const found = new Map<string, LockedKey>();
    for (const arch of archs)
      for (const { url, pem } of await repositories.discoverKeys(asked, arch))
        found.set(url, keyRecord(url, pem));
    keys.push(...found.values());
  }
  return keys.sort((a, b) => compareBytes(a.name, b.name));
}

function keyRecord(url: string, content: string): LockedKey {
  return { name: url.replace(/^https?:\/\//, ''), url, content };
}

function lockedRepositories(
  repositories: readonly string[],
  archs: readonly string[],
): readonly LockedRepository[] {
  return archs.flatMap((arch) =>
    repositories.map((text) => {
      const place = `${withoutUserInfo(text)}/${apkArch(arch)}`;
      const url = place.replace(/^@\S+ /, '');
      return {
        // What begins with a tag does not begin with a scheme.
        name: place.startsWith('@') ? url : url.replace(/^https?:\/\//, ''),
        url: `${url}/APKINDEX.tar.gz`,
        architecture: apkArch(arch),
      };
    }),
  );
}
