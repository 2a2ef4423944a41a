import { sealText, unsealText } from '@kiln/base';
import type { SharedObject } from '@kiln/assemble/shared-object';
import { Members } from './members.ts';
import type { StoredMembers } from './members.ts';

/** What the cache keeps of a package beside the archive of its data. */
export interface CacheRecord {
  /** Size of the `.apk` file. */
  readonly sizeBytes: number;
  /** The compressed control segment. */
  readonly control: Uint8Array;
  /** Size of the archive that this record describes. */
  readonly tarBytes: number;
  readonly members: Members;
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

const version = 7;

/** The record in JSON, sealed. */
export function printRecord(record: CacheRecord): Uint8Array {
  const body: Omit<Stored, 'members'> = {
    version,
    sizeBytes: record.sizeBytes,
    control: Buffer.from(record.control).toString('base64'),
    tarBytes: record.tarBytes,
    isInside: record.isInside,
    libraries: record.libraries,
    segments: record.segments,
  };
  const members = `"members":${record.members.print()}`;
  return Buffer.from(sealText(`${JSON.stringify(body).slice(0, -1)},${members}}`));
}

/** Undefined when the bytes are not what `printRecord` of this version wrote. */
export function parseRecord(bytes: Buffer): CacheRecord | undefined {
  const body = unsealText(bytes.toString('utf8'));
  if (body === undefined) return undefined;
  const value = JSON.parse(body) as Stored;
  if (value.version !== version) return undefined;
  return {
    sizeBytes: value.sizeBytes,
    control: Buffer.from(value.control, 'base64'),
    tarBytes: value.tarBytes,
    isInside: value.isInside,
    libraries: value.libraries,
    segments: value.segments,
    members: new Members(value.members),
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
  readonly members: StoredMembers;
}
