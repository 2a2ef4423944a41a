import { createHash } from 'node:crypto';
import { KilnError } from '@kiln/base';
import { isSegmentedMember, readSegmented } from '@kiln/gzip';
import type { MemberSegment } from '@kiln/gzip';
import { TarPush } from '@kiln/tar';
import type { TarSink } from '@kiln/tar';
import { parseControlTar } from './control-read.ts';
import { ContentSum, requireDataHash } from './data-check.ts';
import { defaultPackageLimits } from './limits.ts';
import { packageHead } from './package-open.ts';
import type { PackageHead } from './package-open.ts';
import type { ReadPackageOptions } from './package-read.ts';

/** A package whose bytes can be read at any place. */
export interface PackageSource {
  /** Returns how many bytes there were; fewer than the memory's at the end. */
  read(into: Uint8Array, offset: number): number;
  /** Sees all bytes in their order, first those before the data. */
  seen(bytes: Uint8Array): void;
}

export interface SegmentedPackageOptions extends ReadPackageOptions {
  /** Gets the archive of the data, each time before what it means. A chunk is freed when it returns, and so are those of the sink. */
  archive(bytes: Uint8Array, segment: MemberSegment): void;
  readonly sink: TarSink;
}

/** What there is beside the data. */
export interface SegmentedPackage {
  readonly controlBytes: Uint8Array;
  readonly dataOffset: number;
  /** Their places are in the file, and in the archive of the data. */
  readonly segments: readonly MemberSegment[];
}

/** Signatures and control segment of almost every package. */
const headBytes = 64 * 1024;

/**
 * Reads and verifies a package whose data are one member of segments, in little memory and without waiting but for moments: for a thread. Undefined,
 * and nothing was told, for any other. What is told is verified when it returns. Throws as `readPackage` and its data do, though
 * not always with the same error.
 */
export async function readSegmentedPackage(
  source: PackageSource,
  options: SegmentedPackageOptions,
): Promise<SegmentedPackage | undefined> {
  const limits = { ...defaultPackageLimits, ...options.limits };
  const start = Buffer.allocUnsafeSlow(headBytes);
  const bytes = start.subarray(0, source.read(start, 0));
  const head = await headOf(bytes, limits.controlBytesMax);
  if (head === undefined || !isSegmentedMember(bytes.subarray(head.dataOffset))) return undefined;
  const { control, dataOffset } = head;
  const { info } = parseControlTar(control.content, options);
  const hash = createHash('sha256');
  const segments: MemberSegment[] = [];
  let sum: ContentSum | undefined;
  const tar = new TarPush(
    {
      entry: (entry, offset) => {
        sum?.end();
        sum = new ContentSum(entry);
        options.sink.entry(entry, offset);
      },
      content: (content) => {
        sum?.add(content);
        options.sink.content(content);
      },
    },
    {
      limits: { totalBytesMax: limits.dataBytesMax, entriesMax: limits.entriesMax },
      links: options.links ?? 'inside',
      duplicates: 'refuse',
    },
  );
  source.seen(bytes.subarray(0, dataOffset));
  let at = dataOffset;
  readSegmented({
    outputBytesMax: limits.dataBytesMax,
    read: (into) => {
      const some = into.subarray(0, source.read(into, at));
      hash.update(some);
      source.seen(some);
      at += some.length;
      return some.length;
    },
    segment: (facts, content) => {
      segments.push({ ...facts, offset: dataOffset + facts.offset });
      options.archive(content, facts);
      tar.write(content);
    },
  });
  tar.end();
  sum?.end();
  requireDataHash(info, hash.digest('hex'));
  return { controlBytes: Uint8Array.from(control.compressed), dataOffset, segments };
}

/** Undefined for one that is longer than what was read. */
async function headOf(
  bytes: Uint8Array,
  controlBytesMax: number,
): Promise<PackageHead | undefined> {
  try {
    return await packageHead(bytes, controlBytesMax);
  } catch (error) {
    if (error instanceof KilnError && error.code === 'GZIP_TRUNCATED') return undefined;
    throw error;
  }
}
