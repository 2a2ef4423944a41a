import path from 'node:path';
import { readPackage, type ApkPackage, type PackageInfo } from '@kiln/apk';
import { KilnError, shorten } from '@kiln/base';
import { diffPackages, wholePackage, type PackageDiff } from '@kiln/lint';
import { compareVersions } from '@kiln/version';
import { inFile, packageSource } from './lint-file.ts';
import { repositoryIndexes, type RepositoryIndexesOptions } from './repository-indexes.ts';
import { openPackagesOf } from './open-package.ts';

/** The package that another one is compared with: a file or an address, or the newest of its name in repositories. */
export type Other =
  | { readonly file: string }
  | {
      readonly repositories: readonly string[];
      readonly reading: Omit<RepositoryIndexesOptions, 'arch'>;
    };

export interface ComparedPackages extends PackageDiff {
  readonly from: ComparedPackage;
  readonly to: ComparedPackage;
}

export interface ComparedPackage extends Pick<PackageInfo, 'name' | 'version' | 'arch'> {
  /** The file, or the address. */
  readonly file: string;
  readonly checksum: string;
}

interface Opened {
  readonly file: string;
  readonly apk: ApkPackage;
}

/**
 * Compares a package, a file or an address, with another one. Both are read whole and so verified. Throws, with its name, what
 * reading a package throws, `APK_FILE_NOT_FOUND`, and `LOCAL_PACKAGE_NOT_PUBLISHED` where no repository has the package.
 */
export async function comparePackages(
  other: Other,
  file: string,
  signal?: AbortSignal,
): Promise<ComparedPackages> {
  const after = await open(file, signal);
  try {
    const before = await openOther(other, after, signal);
    const [from, to] = [
      await inFile(before.file, () => wholePackage(before.apk)),
      await inFile(after.file, () => wholePackage(after.apk)),
    ];
    return { from: named(before), to: named(after), ...diffPackages(from, to) };
  } finally {
    // Where the other one cannot be read, this one was not.
    await after.apk.close();
  }
}

async function open(file: string, signal: AbortSignal | undefined): Promise<Opened> {
  const apk = await inFile(file, async () => read(await packageSource(file, signal)));
  return { file, apk };
}

/** Nothing of a package gets its own name on a disk, so links may lead anywhere. */
function read(source: AsyncIterable<Uint8Array>): Promise<ApkPackage> {
  return readPackage(source, { links: 'any', dialect: 'apko' });
}

async function openOther(
  other: Other,
  { apk: { info } }: Opened,
  signal: AbortSignal | undefined,
): Promise<Opened> {
  if ('file' in other) return open(other.file, signal);
  const indexes = await repositoryIndexes(other.repositories, {
    ...other.reading,
    arch: info.arch,
  });
  const newest = indexes
    .flatMap(({ repository, records }) =>
      [...records]
        .filter(({ name }) => name === info.name)
        .map((record) => ({ repository, record })),
    )
    .reduce<Published | undefined>(
      (best, one) =>
        best === undefined || compareVersions(one.record.version, best.record.version) > 0
          ? one
          : best,
      undefined,
    );
  if (newest === undefined) throw notPublished(info.name);
  return openPublished(newest, info.arch, signal);
}

interface Published {
  readonly repository: string;
  readonly record: { readonly name: string; readonly version: string; readonly checksum: string };
}

async function openPublished(
  { repository, record: { name, version, checksum } }: Published,
  arch: string,
  signal: AbortSignal | undefined,
): Promise<Opened> {
  const fileName = `${name}-${version}.apk`;
  const file = `${repository.replace(/\/+$/, '')}/${arch}/${fileName}`;
  const source = await openPackagesOf(repository, arch, signal)(fileName);
  if (source === undefined)
    throw new KilnError('APK_FILE_NOT_FOUND', `${shorten(file, 200)}: there is no such file`);
  const apk = await inFile(file, () => read(source));
  if (apk.checksum === checksum) return { file, apk };
  await apk.close();
  throw new KilnError(
    'LOCAL_PACKAGE_NOT_PUBLISHED',
    `${shorten(file, 200)} is another file than its index says`,
    { hint: 'make the index anew, or get the file again' },
  );
}

function notPublished(name: string): KilnError {
  return new KilnError('LOCAL_PACKAGE_NOT_PUBLISHED', `no repository has a package "${name}"`, {
    hint: 'compare two files instead: kiln package diff OLD.apk NEW.apk',
  });
}

function named({ file, apk: { info, checksum } }: Opened): ComparedPackage {
  const { name, version, arch } = info;
  return {
    file: /^https?:/.test(file) ? file : path.normalize(file),
    name,
    version,
    arch,
    checksum,
  };
}
