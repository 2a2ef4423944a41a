import { closeSync, fchmodSync, futimesSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '@kiln/base';
import { openPackage, readPackage, readSegmentedPackage } from '@kiln/apk';
import type { PackageLimits } from '@kiln/apk';
import type { TarEntry } from '@kiln/tar';
import type { OnContent } from './expand.ts';
import { librariesAtHand, librariesInFiles } from './libraries.ts';
import { MemberWriter } from './members.ts';
import { PackageFile } from './package-file.ts';
import { printRecord } from './record.ts';
import type { CacheRecord } from './record.ts';
import { requireFile } from './require-file.ts';
import type { BeforeData } from './require-file.ts';
import { SeenBytes } from './seen-bytes.ts';
import { writeAll, writeFile } from './write-file.ts';

export interface UnpackOptions {
  readonly apk: Digest;
  readonly beforeData?: BeforeData | undefined;
  readonly limits: Partial<PackageLimits>;
  /** Is there, and empty. */
  readonly directory: string;
  /** The file in it that the facts are written to, last. */
  readonly recordName: string;
}

/** The name of a member's content. */
export function memberName(index: number): string {
  return `${index}`;
}

/** Else its file is this user's alone to read, whatever its mode. */
export function ownerReads({ mode }: TarEntry): boolean {
  return (mode & 0o400) !== 0;
}

/**
 * Writes each file of a package to one that is named by the number of its member, with the member's mode, but for the bits that
 * make others run as its owner, and time; one that its owner may not read is kept readable. Then the record. Digest, data hash and the SHA-1 of every file are verified. Takes
 * memory for the whole data, and is synchronous but for moments: for a thread. Throws what `openPackage` does, and
 * `APK_DIGEST_MISMATCH`.
 */
export async function unpackAtHand(
  bytes: Uint8Array,
  options: UnpackOptions,
  onContent?: OnContent,
): Promise<void> {
  requireFile(bytes, options);
  const writer = new MemberWriter();
  const { controlBytes, data, members } = await openPackage(bytes, {
    limits: options.limits,
    onSegment: ({ contentSizeBytes }) => onContent?.(contentSizeBytes),
  });
  for (const { entry, offset } of members) {
    const index = writer.add(entry, { offset, sums: [] });
    if (entry.type !== 'file') continue;
    using file = new MemberFile(options.directory, index, entry);
    file.write(data.subarray(offset, offset + entry.sizeBytes));
    file.finish();
  }
  const kept = writer.members();
  writeRecord(options, {
    sizeBytes: bytes.length,
    control: controlBytes,
    members: kept,
    libraries: await librariesAtHand(kept, data),
  });
}

/**
 * The same for the file of a package of any size whose data are segments, in little memory: for a thread. False for another one.
 * Throws what `readSegmentedPackage` does, and `APK_DIGEST_MISMATCH`.
 */
export async function unpackSegmented(path: string, options: UnpackOptions): Promise<boolean> {
  using file = new PackageFile(path, options.beforeData);
  const writer = new MemberWriter();
  let member: MemberFile | undefined;
  const endMember = (): void => {
    member?.finish();
    member?.[Symbol.dispose]();
    member = undefined;
  };
  try {
    const found = await readSegmentedPackage(file, {
      limits: options.limits,
      archive: () => undefined,
      sink: {
        entry: (entry) => {
          endMember();
          const index = writer.add(entry, inNoArchive);
          if (entry.type === 'file') member = new MemberFile(options.directory, index, entry);
        },
        content: (bytes) => member?.write(bytes),
      },
    });
    if (found === undefined) return false;
    endMember();
    file.require(options.apk);
    const { directory } = options;
    const members = writer.members();
    writeRecord(options, {
      sizeBytes: file.sizeBytes,
      control: found.controlBytes,
      members,
      libraries: await librariesInFiles(members, (number) => join(directory, memberName(number))),
    });
    return true;
  } finally {
    member?.[Symbol.dispose]();
  }
}

/** The same for a package as it comes, of any size. Throws what `readPackage` and its data do, and `APK_DIGEST_MISMATCH`. */
export async function unpackStream(
  source: AsyncIterable<Uint8Array>,
  options: UnpackOptions,
): Promise<void> {
  const seen = new SeenBytes();
  const opened = await readPackage(seen.through(source), { limits: options.limits });
  try {
    const writer = new MemberWriter();
    for await (const { entry, content } of opened.data) {
      const index = writer.add(entry, inNoArchive);
      if (entry.type !== 'file') continue;
      using file = new MemberFile(options.directory, index, entry);
      for await (const chunk of content instanceof Uint8Array ? [content] : content)
        file.write(chunk);
      file.finish();
    }
    seen.require(options.apk);
    writeRecord(options, {
      sizeBytes: seen.sizeBytes,
      control: opened.controlBytes,
      members: writer.members(),
      libraries: [],
    });
  } finally {
    await opened.close();
  }
}

/** There is no archive, and no place in it. */
const inNoArchive = { offset: 0, sums: [] };

class MemberFile {
  readonly #entry: TarEntry;
  readonly #file: number;

  constructor(directory: string, index: number, entry: TarEntry) {
    this.#entry = entry;
    this.#file = openSync(join(directory, memberName(index)), 'wx', 0o600);
  }

  write(bytes: Uint8Array): void {
    writeAll(this.#file, bytes);
  }

  finish(): void {
    const { mode, mtimeSeconds } = this.#entry;
    if (ownerReads(this.#entry)) fchmodSync(this.#file, mode & 0o1777);
    futimesSync(this.#file, mtimeSeconds, mtimeSeconds);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

function writeRecord(
  { directory, recordName }: UnpackOptions,
  facts: Pick<CacheRecord, 'sizeBytes' | 'control' | 'libraries' | 'members'>,
): void {
  const record = { ...facts, tarBytes: 0, isInside: true, segments: [] };
  writeFile(join(directory, recordName), printRecord(record), false);
}
