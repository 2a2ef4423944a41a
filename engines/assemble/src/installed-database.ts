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
    packages.map((contents) => [contents, printRecord(contents, writers, dialect)] as const),
  );
}

function printRecord(
  contents: PackageContents,
  writers: ReadonlyMap<string, PackageContents>,
  dialect: AssemblyDialect,
): Uint8Array {
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
  const facts = lines.map((line) => `${line}\n`).join('');
  return Buffer.concat([
    Buffer.from(facts),
    ...fileTexts(contents, writers, dialect),
    Buffer.from('\n'),
  ]);
}

/** apko prints the list as Go prints a slice. */
function installIf({ info }: PackageContents, dialect: AssemblyDialect): string[] {
  if (dialect === 'apko') return [`i:[${info.installIf.join(' ')}]`];
  return info.installIf.length === 0 ? [] : [`i:${info.installIf.join(' ')}`];
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}

/** A member, and where what the record says of it is: all that is held of many of them. */
interface ListedFile extends OrderedFile {
  readonly start: number;
  readonly end: number;
}

function fileTexts(
  contents: PackageContents,
  writers: ReadonlyMap<string, PackageContents>,
  dialect: AssemblyDialect,
): Uint8Array[] {
  const texts = new Texts();
  const listed: ListedFile[] = [];
  for (const { entry } of placedMembers(contents)) {
    const { path, type } = entry;
    if ((writers.get(path) ?? contents) !== contents) continue;
    const start = texts.sizeBytes;
    texts.add(type === 'directory' ? directoryText(entry) : leafText(entry));
    listed.push({ path, type, start, end: texts.sizeBytes });
  }
  const inOrder =
    dialect === 'apko' && !areParentsFirst(listed) ? sortedAsApko(listed) : walked(listed);
  const isAtRoot = inOrder.length > 0 && inOrder[0]?.type !== 'directory';
  return [...(isAtRoot ? [Buffer.from('F:\n')] : []), ...texts.ranges(inOrder)];
}

/** Texts in UTF-8 one behind the other, outside of the memory that is looked through for garbage. */
class Texts {
  #bytes = Buffer.allocUnsafeSlow(2 ** 12);
  sizeBytes = 0;

  add(text: string): void {
    const needed = this.sizeBytes + 3 * text.length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * needed);
      this.#bytes.copy(larger, 0, 0, this.sizeBytes);
      this.#bytes = larger;
    }
    this.sizeBytes += this.#bytes.write(text, this.sizeBytes);
  }

  /** Those from a start to an end, with neighbours in one. */
  ranges(places: readonly Pick<ListedFile, 'start' | 'end'>[]): Uint8Array[] {
    const ranges: { start: number; end: number }[] = [];
    for (const { start, end } of places) {
      const last = ranges.at(-1);
      if (last?.end === start) last.end = end;
      else ranges.push({ start, end });
    }
    return ranges.map(({ start, end }) => this.#bytes.subarray(start, end));
  }
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

function directoryText(entry: TarEntry): string {
  const isPlain = entry.mode === 0o755 && entry.uid === 0 && entry.gid === 0;
  return `F:${oneLine(entry.path)}\n${isPlain ? '' : `M:${ownerAndMode(entry)}\n`}`;
}

function leafText(entry: TarEntry): string {
  const isPlain = entry.mode === 0o644 && entry.uid === 0 && entry.gid === 0;
  const name = oneLine(entry.path.slice(nameStart(entry.path)));
  const sha1 = recordedSha1(entry);
  const sum = sha1 === undefined ? '' : `Z:Q1${Buffer.from(sha1, 'hex').toString('base64')}\n`;
  return `R:${name}\n${isPlain ? '' : `a:${ownerAndMode(entry)}\n`}${sum}`;
}

function ownerAndMode({ uid, gid, mode }: TarEntry): string {
  return `${uid}:${gid}:${mode.toString(8).padStart(4, '0')}`;
}
