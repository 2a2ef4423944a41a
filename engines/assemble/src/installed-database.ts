import { compareBytes } from '@kiln/base';
import { joinedLicenses, recordedSha1 } from '@kiln/apk';
import type { TarEntry } from '@kiln/tar';
import { areParentsFirst, sortedAsApko } from './apko-file-order.ts';
import type { OrderedFile } from './apko-file-order.ts';
import { placedMembers } from './install.ts';
import type { AssemblyDialect } from './failure.ts';
import type { PackageContents } from './package-contents.ts';

/** The text of each package in the installed database, in UTF-8. */
export type InstalledRecords = ReadonlyMap<PackageContents, Uint8Array>;

/**
 * The records of the installed database (`usr/lib/apk/db/installed`): per package, in install order, its facts and its
 * files, except for those that another package wrote last.
 */
export function installedRecords(
  packages: readonly PackageContents[],
  writers: ReadonlyMap<string, PackageContents>,
  dialect: AssemblyDialect,
): InstalledRecords {
  return new Map(
    packages.map((contents) => {
      const record = printRecord(contents, writers, dialect);
      return [contents, new TextEncoder().encode(record)] as const;
    }),
  );
}

function printRecord(
  contents: PackageContents,
  writers: ReadonlyMap<string, PackageContents>,
  dialect: AssemblyDialect,
): string {
  const { info } = contents;
  const lines = [
    `P:${info.name}`,
    `V:${info.version}`,
    `A:${info.arch}`,
    // apko reads the first licence line only.
    `L:${dialect === 'apko' ? (info.licenses[0] ?? '') : joinedLicenses(info.licenses)}`,
    `T:${info.description}`,
    `o:${info.origin}`,
    `m:${info.maintainer}`,
    `U:${info.url}`,
    `D:${info.depends.join(' ')}`,
    `p:${info.provides.join(' ')}`,
    ...(info.replaces.length === 0 ? [] : [`r:${info.replaces.join(' ')}`]),
    `c:${info.commit}`,
    ...installIf(contents, dialect),
    `t:${info.buildTimeSeconds}`,
    `S:${contents.sizeBytes}`,
    `I:${info.installedSizeBytes}`,
    `k:${info.providerPriority ?? 0}`,
    `C:${contents.checksum}`,
  ].map(oneLine);
  return `${[...lines, ...fileLines(contents, writers, dialect)].join('\n')}\n\n`;
}

/** apko prints the list as Go prints a slice. */
function installIf({ info }: PackageContents, dialect: AssemblyDialect): string[] {
  if (dialect === 'apko') return [`i:[${info.installIf.join(' ')}]`];
  return info.installIf.length === 0 ? [] : [`i:${info.installIf.join(' ')}`];
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}

/** A member, and what the record says of it: all that is held of many of them. */
interface ListedFile extends OrderedFile {
  readonly lines: string;
}

function fileLines(
  contents: PackageContents,
  writers: ReadonlyMap<string, PackageContents>,
  dialect: AssemblyDialect,
): string[] {
  const listed: ListedFile[] = [];
  for (const { entry } of placedMembers(contents)) {
    const { path, type } = entry;
    if ((writers.get(path) ?? contents) !== contents) continue;
    const lines = type === 'directory' ? directoryLines(entry) : leafLines(entry);
    listed.push({ path, type, lines: lines.map(oneLine).join('\n') });
  }
  const inOrder =
    dialect === 'apko' && !areParentsFirst(listed) ? sortedAsApko(listed) : walked(listed);
  const isAtRoot = inOrder.length > 0 && inOrder[0]?.type !== 'directory';
  return [...(isAtRoot ? ['F:'] : []), ...inOrder.map(({ lines }) => lines)];
}

/** What is in directories of the package itself: what is no directory first, then each directory with what is in it. */
function walked(files: readonly ListedFile[]): ListedFile[] {
  const filesIn = Map.groupBy(files, ({ path }) => path.slice(0, nameStart(path)));
  const order: ListedFile[] = [];
  const list = (directory: string): void => {
    const inside = (filesIn.get(directory) ?? []).toSorted((a, b) => compareBytes(a.path, b.path));
    for (const file of inside) if (file.type !== 'directory') order.push(file);
    for (const file of inside) {
      if (file.type !== 'directory') continue;
      order.push(file);
      list(`${file.path}/`);
    }
  };
  list('');
  return order;
}

const nameStart = (path: string): number => path.lastIndexOf('/') + 1;

function directoryLines(entry: TarEntry): string[] {
  const isPlain = entry.mode === 0o755 && entry.uid === 0 && entry.gid === 0;
  return [`F:${entry.path}`, ...(isPlain ? [] : [`M:${ownerAndMode(entry)}`])];
}

function leafLines(entry: TarEntry): string[] {
  const isPlain = entry.mode === 0o644 && entry.uid === 0 && entry.gid === 0;
  const sha1 = recordedSha1(entry);
  return [
    `R:${entry.path.slice(nameStart(entry.path))}`,
    ...(isPlain ? [] : [`a:${ownerAndMode(entry)}`]),
    ...(sha1 === undefined ? [] : [`Z:Q1${Buffer.from(sha1, 'hex').toString('base64')}`]),
  ];
}

function ownerAndMode({ uid, gid, mode }: TarEntry): string {
  return `${uid}:${gid}:${mode.toString(8).padStart(4, '0')}`;
}
