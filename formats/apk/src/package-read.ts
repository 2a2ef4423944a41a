import { collect, concatBytes } from '@kiln/base';
import { readMembers } from '@kiln/gzip';
import type { MemberSegment, StreamMember } from '@kiln/gzip';
import { readTar } from '@kiln/tar';
import type { TarMember } from '@kiln/tar';
import { checksumOf } from './checksum.ts';
import { DataCheck } from './data-check.ts';
import { apkInvalid, controlTooLarge } from './errors.ts';
import { defaultPackageLimits } from './limits.ts';
import type { PackageLimits } from './limits.ts';
import type { ParseInfoOptions } from './info-parse.ts';
import { parseControlTar } from './control-read.ts';
import type { ControlMember } from './control-read.ts';
import type { PackageInfo } from './package-info.ts';
import { parseSignatures } from './signature-segment.ts';
import { signatureMembersMax } from './signature-split.ts';
import type { ApkSignature } from './signature.ts';

/** A package whose control segment was read; its data is read on demand, once, and verified on the way. */
export interface ApkPackage {
  readonly signatures: readonly ApkSignature[];
  readonly info: PackageInfo;
  /** `Q1…`: compare it with what the signed index pins. */
  readonly checksum: string;
  /** The compressed control segment: what signatures cover. */
  readonly controlBytes: Uint8Array;
  /** Where in the file the data segment begins. */
  readonly dataOffset: number;
  /** All its members in order, `.PKGINFO` included. */
  readonly control: readonly ControlMember[];
  /**
   * The members of the data segment. Only when it has come to its end without an error has the data hash been
   * verified, and each file's SHA-1 only when its content was read to the end: act on nothing before that.
   */
  readonly data: AsyncIterable<TarMember>;
  /** Stops reading, where the data are not wanted. */
  close(): Promise<void>;
}

export interface ReadPackageOptions extends ParseInfoOptions {
  readonly limits?: Partial<PackageLimits>;
  /** `inside` (default) refuses links that lead outside and paths through links; `any` is for trees that never touch a disk. */
  readonly links?: 'any' | 'inside';
}

export interface StreamPackageOptions extends ReadPackageOptions {
  /** Sees every segment that the data are made of, before its content; `member` tells members of gzip apart. */
  readonly onSegment?: (segment: MemberSegment, member: number) => void;
}

/**
 * Reads an apk v2 package: signature segments, if any, the control segment, and a data segment to be streamed. Links
 * that leave the root, paths that pass through links and paths that come twice are refused. Signatures are handed out,
 * not verified: see `verifySignatures`. Throws `APK_INVALID`, `APK_INFO_INVALID`, and what gzip and tar do; the data
 * throw `APK_DATA_HASH_MISMATCH`, `APK_FILE_CHECKSUM_MISMATCH` and `APK_FILE_CHECKSUM_MISSING` too.
 */
export async function readPackage(
  source: AsyncIterable<Uint8Array> | Uint8Array,
  options: StreamPackageOptions = {},
): Promise<ApkPackage> {
  const limits = { ...defaultPackageLimits, ...options.limits };
  const sink: Sink = { take: () => undefined };
  const members = readMembers(source, {
    limits: { outputBytesMax: limits.controlBytesMax + limits.dataBytesMax },
    onCompressed: (bytes) => sink.take(bytes),
    ...(options.onSegment === undefined ? {} : { onSegment: options.onSegment }),
  });
  try {
    const { signatures, controlBytes, dataOffset, tar } = await readHead(members, sink, limits);
    const { info, members: control } = parseControlTar(tar, options);
    const check = new DataCheck(info);
    sink.take = (bytes) => check.compressed(bytes);
    const data = readTar(joined(members), {
      limits: { totalBytesMax: limits.dataBytesMax, entriesMax: limits.entriesMax },
      links: options.links ?? 'inside',
      duplicates: 'refuse',
    });
    return {
      signatures,
      info,
      checksum: checksumOf(controlBytes),
      controlBytes,
      dataOffset,
      control,
      data: check.members(data),
      close: async () => void (await members.return(undefined)),
    };
  } catch (error) {
    await members.return(undefined);
    throw error;
  }
}

/** Where compressed bytes go at the moment. */
interface Sink {
  take: (bytes: Uint8Array) => void;
}

interface Head {
  readonly signatures: readonly ApkSignature[];
  readonly controlBytes: Uint8Array;
  readonly dataOffset: number;
  readonly tar: Uint8Array;
}

/** Reads members until one is no signature: that is the control segment. */
async function readHead(
  members: AsyncGenerator<StreamMember>,
  sink: Sink,
  limits: PackageLimits,
): Promise<Head> {
  const signatures: ApkSignature[] = [];
  for (let count = 0; count <= signatureMembersMax; count++) {
    const compressed: Uint8Array[] = [];
    sink.take = (bytes) => void compressed.push(Buffer.from(bytes));
    const step = await members.next();
    if (step.done === true) throw apkInvalid('package has no control segment');
    const tar = await collect(step.value.content, limits.controlBytesMax, () =>
      controlTooLarge(limits.controlBytesMax),
    );
    const found = await parseSignatures(tar);
    if (found === undefined) {
      const controlBytes = concatBytes(compressed);
      const dataOffset = step.value.offset + controlBytes.length;
      return { signatures, controlBytes, dataOffset, tar };
    }
    signatures.push(...found);
  }
  throw apkInvalid('package has too many signatures');
}

/** Everything behind the control segment, which some writers cut into several members. */
async function* joined(members: AsyncGenerator<StreamMember>): AsyncGenerator<Uint8Array> {
  for await (const member of members) yield* member.content;
}
