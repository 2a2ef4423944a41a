import { sealBytes, unsealBytes } from '@kiln/base';
import type { SharedObject } from '@kiln/assemble/shared-object';
import { Members } from './members.ts';
import type { StoredFacts } from './members.ts';

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

const version = 8;

/**
 * The record, sealed, in parts: a line of JSON, and the members' numbers, sums and text as they are in memory, in the byte order of
 * this machine.
 */
export function printRecord({ members, control, ...facts }: CacheRecord): readonly Uint8Array[] {
  const { numbers, sums, text, facts: common } = members.stored;
  const head: StoredHead = {
    version,
    ...facts,
    control: Buffer.from(control).toString('base64'),
    common,
    numbers: { count: numbers.length, bytesEach: numbers.BYTES_PER_ELEMENT },
    sums: sums.length,
  };
  const parts = [numbers, sums].map((one) => new Uint8Array(one.buffer));
  return sealBytes([Buffer.from(`${JSON.stringify(head)}\n`), ...parts, Buffer.from(text)]);
}

/** Undefined when the bytes are not what `printRecord` of this version wrote. */
export function parseRecord(bytes: Buffer): CacheRecord | undefined {
  const body = unsealBytes(bytes);
  const headBytes = body?.indexOf('\n') ?? -1;
  if (body === undefined || headBytes === -1) return undefined;
  const head = JSON.parse(body.toString('utf8', 0, headBytes)) as StoredHead;
  if (head.version !== version) return undefined;
  const { numbers, sums, common, control, sizeBytes, tarBytes, isInside, libraries, segments } =
    head;
  const numbersAt = headBytes + 1;
  const sumsAt = numbersAt + numbers.count * numbers.bytesEach;
  const textAt = sumsAt + sums * Uint32Array.BYTES_PER_ELEMENT;
  // At an address of their own, which numbers need.
  const numberBytes = new Uint8Array(body.subarray(numbersAt, sumsAt)).buffer;
  const isInt32 = numbers.bytesEach === Int32Array.BYTES_PER_ELEMENT;
  const members = new Members({
    text: body.toString('utf8', textAt),
    numbers: isInt32 ? new Int32Array(numberBytes) : new Float64Array(numberBytes),
    facts: common,
    sums: new Uint32Array(new Uint8Array(body.subarray(sumsAt, textAt)).buffer),
  });
  const rest = { sizeBytes, tarBytes, isInside, libraries, segments };
  return { ...rest, control: Buffer.from(control, 'base64'), members };
}

interface StoredHead extends Omit<CacheRecord, 'control' | 'members'> {
  readonly version: number;
  readonly control: string;
  /** Of members: see `StoredMembers.facts`. */
  readonly common: readonly StoredFacts[];
  readonly numbers: { readonly count: number; readonly bytesEach: number };
  readonly sums: number;
}
