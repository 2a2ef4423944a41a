import path from 'node:path';
import type { CheckedPackage, PackageSection } from '@kiln/apk-client';
import { KilnError, compareBytes, withoutUserInfo } from '@kiln/base';
import { printLockFile } from '@kiln/image-config';
import type { LockedKey, LockedPackage, LockedRepository, LockedSection } from '@kiln/image-config';
import { imageWorld, solveImage } from '@kiln/solve';
import type { GuestKeys, Solved } from '@kiln/solve';
import type { DropInInvocation } from '../drop-in/subcommand.ts';
import { apkArch, wantedArchitectures } from './architectures.ts';
import { baseImageOf, baseIndex, baseWorld } from './base-image.ts';
import { inContext } from './in-context.ts';
import { repeatedArchitectures } from './lock-file.ts';
import { ImageRepositories, packageOf } from './repositories.ts';
import type { ImageRequest } from './request.ts';
import { imageRequest, lockRequest } from './request.ts';
import { writeFile } from './write-file.ts';

/**
 * `kiln apko lock`: each architecture is solved by itself, what a base image holds is left out, and the files of packages are
 * fetched, since the lock says where in them each part lies.
 */
export async function writeLock(invocation: DropInInvocation, extension: string): Promise<void> {
  const { flags, positionals } = invocation;
  const [file = ''] = positionals;
  const request = imageRequest(invocation, file, { folders: true });
  const archs = wantedArchitectures(flags.list('arch'), request.config.archs);
  const [repeated] = repeatedArchitectures(archs);
  if (repeated !== undefined)
    throw new KilnError('APKO_USAGE', `architecture "${repeated}" is listed twice`, {
      hint: 'list each architecture once in archs',
    });
  const repositories = new ImageRepositories(invocation, { cacheDirectory: true, trust: true });
  const keys = await repositories.keys(request);
  const packages: LockedPackage[] = [];
  for (const arch of archs)
    packages.push(...(await lockedPackages(request, { arch, keys, repositories })));
  const { buildRepositories, runtimeRepositories, repositories: own } = request.config.contents;
  const text = printLockFile({
    config: { name: file, checksum: request.checksum },
    keyring: await lockedKeys(request.config.contents.keyring, repositories),
    buildRepositories: lockedRepositories(buildRepositories, archs),
    runtimeRepositories: lockedRepositories(runtimeRepositories, archs),
    repositories: lockedRepositories(own, archs),
    packages,
  });
  const output =
    flags.string('output') ||
    `${file.slice(0, file.length - path.extname(file).length)}.${extension}`;
  await writeFile(output, [Buffer.from(text)]);
}

async function lockedPackages(
  request: ImageRequest,
  {
    arch,
    keys,
    repositories,
  }: {
    readonly arch: string;
    readonly keys: GuestKeys;
    readonly repositories: ImageRepositories;
  },
): Promise<readonly LockedPackage[]> {
  const base = baseImageOf(request, arch);
  const present = new Set(base?.image.packages.map(({ name }) => name));
  return inContext('failed to get package list for image', async () => {
    const indexes = await repositories.indexes(request, {
      archs: [arch],
      keys,
      extra: () => (base === undefined ? [] : [baseIndex(base)]),
    });
    const world = imageWorld(lockRequest(request), baseWorld(base));
    const solved = indexes
      .flatMap((one) => solveImage(world, one))
      .filter(({ record }) => !present.has(record.name));
    const wanted = solved.map((one) => packageOf(one, arch));
    const sections = await repositories.sections(wanted);
    return solved.map((one, i) => lockedPackage(one, wanted[i]?.url ?? '', sections[i]));
  });
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

/** One record for each place, in the order of their names; a place given twice is there twice, as apko has it. */
async function lockedKeys(
  places: readonly string[],
  repositories: ImageRepositories,
): Promise<readonly LockedKey[]> {
  const keys: LockedKey[] = [];
  for (const place of places) {
    const url = withoutUserInfo(place);
    for (const { pem } of await repositories.keysAt(place))
      keys.push({ name: url.replace(/^https?:\/\//, ''), url, content: pem });
  }
  return keys.sort((a, b) => compareBytes(a.name, b.name));
}

function lockedRepositories(
  repositories: readonly string[],
  archs: readonly string[],
): readonly LockedRepository[] {
  return archs.flatMap((arch) =>
    repositories.map((text) => {
      const url = `${withoutUserInfo(text).replace(/^@\S+ /, '')}/${apkArch(arch)}`;
      return {
        name: url.replace(/^https?:\/\//, ''),
        url: `${url}/APKINDEX.tar.gz`,
        architecture: apkArch(arch),
      };
    }),
  );
}
