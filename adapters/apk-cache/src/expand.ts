import { closeSync, fsyncSync, openSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Digest } from '@kiln/base';
import { openPackage, readPackage, readSegmentedPackage } from '@kiln/apk';
import type { PackageLimits } from '@kiln/apk';
import { combineCrc } from '@kiln/gzip';
import type { MemberSegment } from '@kiln/gzip';
import { memberSize, paddedSize, writeTar } from '@kiln/tar';
import type { TarMember } from '@kiln/tar';
import { isInside } from './inside.ts';
import { librariesAtHand, librariesIn } from './libraries.ts';
import { memberSegments } from './member-segments.ts';
import { MemberWriter } from './members.ts';
import { printRecord } from './record.ts';
import type { CacheRecord } from './record.ts';
import { PackageFile } from './package-file.ts';
import { PartSums, sumsOf } from './part-sums.ts';
import { requireFile } from './require-file.ts';
import type { BeforeData } from './require-file.ts';
import { SeenBytes } from './seen-bytes.ts';
import { writeWhole } from './whole-file.ts';
import { writeAll, writeFile } from './write-file.ts';

export interface ExpandOptions {
  readonly apk: Digest;
  readonly source: AsyncIterable<Uint8Array>;
  readonly limits: Partial<PackageLimits>;
  /** Keeps the archive of the data; returns its size. */
  readonly writeArchive: (archive: AsyncIterable<Uint8Array>) => Promise<number>;
}

/**
 * Reads a package to its end, verifying digest, data hash and the SHA-1 of every file, and keeps its data as an archive
 * in the canonical dialect, in which the place of every member follows from the entries alone. Where links lead is judged when
 * it is opened: nothing is written by its name here.
 */
export async function expand(options: ExpandOptions): Promise<CacheRecord> {
  const seen = new SeenBytes();
  const segments: (readonly [number, MemberSegment])[] = [];
  const opened = await readPackage(seen.through(options.source), {
    limits: options.limits,
    links: 'any',
    onSegment: (segment, member) => void segments.push([member, segment]),
  });
  try {
    const writer = new MemberWriter();
    const sum = { crc: 0 };
    const archive = summed(writeTar(placed(opened.data, writer)), sum);
    const tarBytes = await options.writeArchive(withDigest(archive, seen, options.apk));
    const members = writer.members();
    return {
      sizeBytes: seen.sizeBytes,
      control: opened.controlBytes,
      tarBytes,
      members,
      isInside: isInside(members),
      libraries: [],
      segments: memberSegments(members, onlyOf(segments, { tarBytes, ...sum })),
    };
  } finally {
    await opened.close();
  }
}

/**
 * The segments of a single member of gzip whose content is the very archive that was kept, by size and CRC-32: then their places are
 * those in it. None of an archive that was written differently.
 */
function onlyOf(
  found: readonly (readonly [number, MemberSegment])[],
  archive: { readonly tarBytes: number; readonly crc: number },
): readonly MemberSegment[] {
  if (new Set(found.map(([member]) => member)).size !== 1) return [];
  let sizeBytes = 0;
  let crc = 0;
  for (const [, segment] of found) {
    sizeBytes += segment.contentSizeBytes;
    crc = combineCrc(crc, segment.crc, segment.contentSizeBytes);
  }
  const isSame = sizeBytes === archive.tarBytes && crc === archive.crc;
  return isSame ? found.map(([, segment]) => segment) : [];
}

/** Passes the archive on, with its CRC-32 in `sum` at the end. */
async function* summed(
  archive: AsyncIterable<Uint8Array>,
  sum: { crc: number },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of archive) {
    sum.crc = crc32(chunk, sum.crc);
    yield chunk;
  }
}

/** Where the data of a package go, and the facts about them. Neither file is there. */
export interface ExpandTo {
  readonly apk: Digest;
  /** See `UnpackOptions`. */
  readonly beforeData?: BeforeData | undefined;
  readonly limits: Partial<PackageLimits>;
  readonly archive: string;
  readonly record: string;
  /** Whether both are synced. */
  readonly durable: boolean;
}

/** Told how much content was decompressed, in memory that is garbage soon. */
export type OnContent = (sizeBytes: number) => void;

/**
 * The same for a package at hand, whose archive is kept as it is. Takes memory for the whole data, and is synchronous but for
 * moments: for a thread. Throws what `openPackage` does, and `APK_DIGEST_MISMATCH`.
 */
export async function expandAtHand(
  bytes: Uint8Array,
  options: ExpandTo,
  onContent?: OnContent,
): Promise<void> {
  requireFile(bytes, options);
  const { controlBytes, data, segments, ...opened } = await openPackage(bytes, {
    limits: options.limits,
    links: 'any',
    onSegment: ({ contentSizeBytes }) => onContent?.(contentSizeBytes),
  });
  const writer = new MemberWriter();
  for (const { entry, offset } of opened.members) {
    const sums = sumsOf(data.subarray(offset, offset + entry.sizeBytes));
    writer.add(entry, { offset, sums });
  }
  const members = writer.members();
  const record = {
    sizeBytes: bytes.length,
    control: controlBytes,
    tarBytes: data.length,
    members,
    isInside: isInside(members),
    libraries: await librariesAtHand(members, data),
    segments: memberSegments(members, segments),
  };
  writeFile(options.archive, [data], options.durable);
  writeFile(options.record, printRecord(record), options.durable);
}

/**
 * The same for the file of a package of any size whose data are segments, in little memory: for a thread. False for another one.
 * Throws what `readSegmentedPackage` does, and `APK_DIGEST_MISMATCH`.
 */
export async function expandSegmented(path: string, options: ExpandTo): Promise<boolean> {
  using file = new PackageFile(path, options.beforeData);
  const writer = new MemberWriter();
  let sums = new PartSums();
  let segment = { sizeBytes: 0, crc: 0 };
  let tarBytes = 0;
  let archive: number | undefined;
  try {
    const found = await readSegmentedPackage(file, {
      limits: options.limits,
      links: 'any',
      archive: (bytes, { crc }) => {
        segment = { sizeBytes: bytes.length, crc };
        archive ??= openSync(options.archive, 'wx', 0o644);
        writeAll(archive, bytes);
        tarBytes += bytes.length;
      },
      sink: {
        entry: (entry, offset) => {
          sums = new PartSums();
          writer.add(entry, { offset, sums: sums.sums });
        },
        // A part of a file is a segment for itself.
        content: (bytes) =>
          sums.add(bytes, bytes.length === segment.sizeBytes ? segment.crc : undefined),
      },
    });
    if (found === undefined || archive === undefined) return false;
    file.require(options.apk);
    if (options.durable) fsyncSync(archive);
    const members = writer.members();
    const record = {
      sizeBytes: file.sizeBytes,
      control: found.controlBytes,
      tarBytes,
      members,
      isInside: isInside(members),
      libraries: await librariesIn(options.archive, members),
      segments: memberSegments(members, found.segments),
    };
    writeFile(options.record, printRecord(record), options.durable);
    return true;
  } finally {
    if (archive !== undefined) closeSync(archive);
  }
}

/** The same for a package of any size, in little memory and more time. Throws what `expand` does. */
export async function expandStream(
  source: AsyncIterable<Uint8Array>,
  { apk, limits, archive, record, durable }: ExpandTo,
): Promise<void> {
  const writeArchive = (bytes: AsyncIterable<Uint8Array>): Promise<number> =>
    writeWhole(archive, bytes, { id: 'part', durable });
  const facts = await expand({ apk, source, limits, writeArchive });
  const libraries = await librariesIn(archive, facts.members);
  writeFile(record, printRecord({ ...facts, libraries }), durable);
}

/** Notes where each member's content will lie, and its sums, while the members pass. */
async function* placed(
  data: AsyncIterable<TarMember>,
  members: MemberWriter,
): AsyncGenerator<TarMember> {
  let position = 0;
  for await (const { entry, content } of data) {
    const size = memberSize(entry);
    const offset = position + size - paddedSize(entry.sizeBytes);
    const { sums, passed } = noted(content);
    members.add(entry, { offset, sums });
    position += size;
    yield { entry, content: passed };
  }
}

/** The sums are complete when the content has passed. */
function noted(content: TarMember['content']): {
  readonly sums: readonly number[];
  readonly passed: TarMember['content'];
} {
  if (content instanceof Uint8Array) return { sums: sumsOf(content), passed: content };
  const parts = new PartSums();
  async function* passing(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      parts.add(chunk);
      yield chunk;
    }
  }
  return { sums: parts.sums, passed: passing(content) };
}

/** Passes the archive on and throws at its end, before it is kept, when the package was another one. */
async function* withDigest(
  archive: AsyncIterable<Uint8Array>,
  seen: SeenBytes,
  expected: Digest,
): AsyncGenerator<Uint8Array> {
  yield* archive;
  seen.require(expected);
}
