import { sealText, unsealText } from '@kiln/base';
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

const version = 6;

/** The record in JSON, sealed. */
export function printRecord(record: CacheRecord): Uint8Array {
  const body: Stored = {
    version,
    sizeBytes: record.sizeBytes,
    control: Buffer.from(record.control).toString('base64'),
    tarBytes: record.tarBytes,
    isInside: record.isInside,
    libraries: record.libraries,
    segments: record.segments,
    members: record.members.map(printMember),
  };
  return Buffer.from(sealText(JSON.stringify(body)));
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
    members: value.members.map(parseMember),
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
  readonly members: readonly StoredMember[];
}

/** Values without their names, which would be most of the record. PAX values have a character for each byte. */
type StoredMember = readonly [
  offset: number,
  sums: readonly number[],
  path: string,
  hasSlash: 0 | 1,
  type: TarEntry['type'],
  mode: number,
  uid: number,
  gid: number,
  userName: string,
  groupName: string,
  sizeBytes: number,
  mtimeSeconds: number,
  linkTarget: string,
  deviceMajor: number,
  deviceMinor: number,
  ...pax: (readonly [key: string, value: string])[],
];

function printMember({ entry, offset, sums }: CachedMember): StoredMember {
  return [
    offset,
    sums,
    entry.path,
    entry.hasSlash === true ? 1 : 0,
    entry.type,
    entry.mode,
    entry.uid,
    entry.gid,
    entry.userName,
    entry.groupName,
    entry.sizeBytes,
    entry.mtimeSeconds,
    entry.linkTarget,
    entry.deviceMajor,
    entry.deviceMinor,
    ...[...entry.pax].map(([key, value]) => [key, Buffer.from(value).toString('latin1')] as const),
  ];
}

const paxAt = 15;

function parseMember(stored: StoredMember): CachedMember {
  const pax = new Map<string, Uint8Array>();
  for (let at = paxAt; at < stored.length; at += 1) {
    const [key, value] = stored[at] as readonly [string, string];
    pax.set(key, Buffer.from(value, 'latin1'));
  }
  return {
    offset: stored[0],
    sums: stored[1],
    entry: {
      path: stored[2],
      ...(stored[3] === 1 ? { hasSlash: true as const } : {}),
      type: stored[4],
      mode: stored[5],
      uid: stored[6],
      gid: stored[7],
      userName: stored[8],
      groupName: stored[9],
      sizeBytes: stored[10],
      mtimeSeconds: stored[11],
      linkTarget: stored[12],
      deviceMajor: stored[13],
      deviceMinor: stored[14],
      pax,
    },
  };
}
