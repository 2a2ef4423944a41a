import { digestOf } from '@kiln/base';
import type { SharedObject } from '@kiln/assemble/shared-object';
import type { TarEntry } from '@kiln/tar';

/** What the cache keeps of a package beside the archive of its data. */
export interface CacheRecord {
  /** Size of the `.apk` file. */
  readonly sizeBytes: number;
  /** The compressed control segment. */
  readonly control: Uint8Array;
  /** Size of the archive that this record describes. */
  readonly tarBytes: number;
  readonly members: readonly CachedMember[];
  /** Whether no link leads out of the package, and no path through a link: see `requireInside`. */
  readonly isInside: boolean;
  /** See `PackageContents.libraries`: for each its index, and what it is. */
  readonly libraries: readonly (readonly [index: number, object: SharedObject | null])[];
  /** The segments that the package has of its members' parts, where it has all of them, by index. */
  readonly segments: readonly (readonly [index: number, parts: readonly StoredSegment[]])[];
}

/** A segment in the file of a package. */
export interface StoredSegment {
  readonly offset: number;
  readonly sizeBytes: number;
  /** CRC-32 of its bytes. */
  readonly bytesCrc: number;
}

export interface CachedMember {
  readonly entry: TarEntry;
  /** Where the member's content begins in the archive. */
  readonly offset: number;
  /** CRC-32 of each part of the content, as layers cut it: see `contentParts`. */
  readonly sums: readonly number[];
}

const version = 4;

/** The digest of the body, a line feed, and the body in JSON: damage shows before anything is believed. */
export function printRecord(record: CacheRecord): Uint8Array {
  const body = JSON.stringify({
    version,
    sizeBytes: record.sizeBytes,
    control: Buffer.from(record.control).toString('base64'),
    tarBytes: record.tarBytes,
    isInside: record.isInside,
    libraries: record.libraries,
    segments: record.segments,
    members: record.members.map(({ entry, offset, sums }) => ({
      offset,
      sums,
      entry: {
        ...entry,
        pax: [...entry.pax].map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
      },
    })),
  });
  return Buffer.from(`${digestOf(body)}\n${body}`);
}

/** Undefined when the bytes are not what `printRecord` of this version wrote. */
export function parseRecord(bytes: Uint8Array): CacheRecord | undefined {
  const text = Buffer.from(bytes).toString('utf8');
  const newline = text.indexOf('\n');
  const body = text.slice(newline + 1);
  if (newline === -1 || digestOf(body) !== text.slice(0, newline)) return undefined;
  const value = JSON.parse(body) as Stored;
  if (value.version !== version) return undefined;
  return {
    sizeBytes: value.sizeBytes,
    control: Buffer.from(value.control, 'base64'),
    tarBytes: value.tarBytes,
    isInside: value.isInside,
    libraries: value.libraries,
    segments: value.segments,
    members: value.members.map(({ entry, offset, sums }) => ({
      offset,
      sums,
      entry: {
        ...entry,
        pax: new Map(entry.pax.map(([key, base64]) => [key, Buffer.from(base64, 'base64')])),
      },
    })),
  };
}

interface Stored {
  readonly version: number;
  readonly sizeBytes: number;
  readonly control: string;
  readonly tarBytes: number;
  readonly isInside: boolean;
  readonly libraries: CacheRecord['libraries'];
  readonly segments: CacheRecord['segments'];
  readonly members: readonly {
    readonly offset: number;
    readonly sums: readonly number[];
    readonly entry: Omit<TarEntry, 'pax'> & {
      readonly pax: readonly (readonly [string, string])[];
    };
  }[];
}
