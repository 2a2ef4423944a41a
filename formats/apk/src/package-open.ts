import { hash } from 'node:crypto';
import { KilnError } from '@kiln/base';
import { defaultGzipLimits, firstMember, splitMembers } from '@kiln/gzip';
import type { MemberSegment, SplitMember, SplitMembersOptions } from '@kiln/gzip';
import { placedEntries } from '@kiln/tar';
import type { PlacedEntry } from '@kiln/tar';
import { checksumOf } from './checksum.ts';
import { parseControlTar } from './control-read.ts';
import { requireContentSum, requireDataHash } from './data-check.ts';
import { apkInvalid, controlTooLarge } from './errors.ts';
import { controlBytesUsual, defaultPackageLimits } from './limits.ts';
import type { PackageInfo } from './package-info.ts';
import type { ReadPackageOptions } from './package-read.ts';
import { parseSignatures } from './signature-segment.ts';
import { signatureMembersMax } from './signature-split.ts';

/** A package that was read and verified whole. */
export interface OpenedPackage {
  readonly info: PackageInfo;
  /** `Q1…`: compare it with what the signed index pins. */
  readonly checksum: string;
  /** The compressed control segment: what signatures cover. */
  readonly controlBytes: Uint8Array;
  /** The data segment before compression: an archive. */
  readonly data: Uint8Array;
  /** Its members in order, each with the place of its content in `data`. */
  readonly members: readonly PlacedEntry[];
  /** Where the data are made of such, in one member of gzip: their places are in the file, and in `data`. */
  readonly segments: readonly MemberSegment[];
}

export interface OpenPackageOptions
  extends ReadPackageOptions, Pick<SplitMembersOptions, 'onSegment'> {}

/**
 * Reads and verifies an apk v2 package at hand, several times faster than `readPackage`, which streams; accepts and refuses the
 * same. Takes memory for the whole of its data: `limits` say how much. Signatures are not verified. Throws as `readPackage` and
 * its data do.
 */
export async function openPackage(
  bytes: Uint8Array,
  options: OpenPackageOptions = {},
): Promise<OpenedPackage> {
  const limits = { ...defaultPackageLimits, ...options.limits };
  const { control, dataOffset, membersLeft } = await packageHead(bytes, limits.controlBytesMax);
  const { info } = parseControlTar(control.content, options);
  const parts = splitMembers(bytes.subarray(dataOffset), {
    outputBytesMax: limits.dataBytesMax,
    membersMax: membersLeft,
    onSegment: options.onSegment,
  });
  const data = joined(parts);
  const members: PlacedEntry[] = [];
  const found = placedEntries(data, {
    limits: { totalBytesMax: limits.dataBytesMax, entriesMax: limits.entriesMax },
    links: options.links ?? 'inside',
    duplicates: 'refuse',
  });
  for (const member of found) {
    const { entry, offset } = member;
    requireContentSum(entry, data.subarray(offset, offset + entry.sizeBytes));
    members.push(member);
  }
  requireDataHash(info, hash('sha256', bytes.subarray(dataOffset)));
  const controlBytes = control.compressed;
  const segments = (parts.length === 1 ? (parts[0]?.segments ?? []) : []).map((segment) => ({
    ...segment,
    offset: dataOffset + segment.offset,
  }));
  return { info, checksum: checksumOf(controlBytes), controlBytes, data, members, segments };
}

export interface PackageHead {
  readonly control: SplitMember;
  readonly dataOffset: number;
  /** Members that the data may have. */
  readonly membersLeft: number;
}

/** Behind the signatures, as many as there may be. Nothing at all is a stream that ends early, as it is for `readPackage`. */
export async function packageHead(
  bytes: Uint8Array,
  controlBytesMax: number,
): Promise<PackageHead> {
  let offset = 0;
  for (let count = 0; count <= signatureMembersMax; count++) {
    if (offset > 0 && offset === bytes.length) throw apkInvalid('package has no control segment');
    const member = headMember(bytes.subarray(offset), controlBytesMax);
    offset += member.compressed.length;
    if ((await parseSignatures(member.content)) === undefined)
      return {
        control: member,
        dataOffset: offset,
        membersLeft: defaultGzipLimits.membersMax - count - 1,
      };
  }
  throw apkInvalid('package has too many signatures');
}

function headMember(bytes: Uint8Array, controlBytesMax: number): SplitMember {
  try {
    return firstMember(bytes, { outputBytesMax: controlBytesMax, usualBytes: controlBytesUsual });
  } catch (error) {
    throw error instanceof KilnError && error.code === 'GZIP_TOO_LARGE'
      ? controlTooLarge(controlBytesMax)
      : error;
  }
}

function joined(segments: readonly SplitMember[]): Uint8Array {
  const [only] = segments;
  return segments.length === 1 && only !== undefined
    ? only.content
    : Buffer.concat(segments.map(({ content }) => content));
}
