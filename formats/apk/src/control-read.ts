import { firstMember } from '@kiln/gzip';
import { paddedSize, placedEntries } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';
import { apkInvalid } from './errors.ts';
import { parsePackageInfo } from './info-parse.ts';
import type { ParseInfoOptions } from './info-parse.ts';
import { controlBytesUsual, defaultPackageLimits } from './limits.ts';
import type { PackageLimits } from './limits.ts';
import type { PackageInfo } from './package-info.ts';

/** A member of the control segment, with its content. */
export interface ControlMember {
  readonly entry: TarEntry;
  readonly content: Uint8Array;
  /** All bytes between the content before and its own. */
  readonly headers: Uint8Array;
}

/** What a control segment says. */
export interface Control {
  readonly info: PackageInfo;
  /** All members in order, `.PKGINFO` included. */
  readonly members: readonly ControlMember[];
}

/** Reads a compressed control segment at hand, such as one kept apart. Throws `APK_INVALID`, `APK_INFO_INVALID`, and what gzip and tar do. */
export async function readControl(
  segment: Uint8Array,
  options: ParseInfoOptions & { readonly limits?: Partial<PackageLimits> } = {},
): Promise<Control> {
  const limits = { ...defaultPackageLimits, ...options.limits };
  const { content, compressed } = firstMember(segment, {
    outputBytesMax: limits.controlBytesMax,
    usualBytes: controlBytesUsual,
  });
  if (compressed.length !== segment.length)
    throw apkInvalid('control segment is more than one gzip member');
  return parseControlTar(content, options);
}

/** The same before compression. An end of archive is accepted, a member that comes twice is not. */
export function parseControlTar(tar: Uint8Array, options: ParseInfoOptions): Control {
  const members: ControlMember[] = [];
  let end = 0;
  for (const { entry, offset } of placedEntries(tar, { duplicates: 'refuse' })) {
    const content = tar.subarray(offset, offset + entry.sizeBytes);
    members.push({ entry, content, headers: tar.subarray(end, offset) });
    end = offset + paddedSize(entry.sizeBytes);
  }
  return { info: parsePackageInfo(infoText(members), options), members };
}

function infoText(members: readonly ControlMember[]): string {
  const info = members.find(({ entry }) => entry.path === '.PKGINFO' && entry.type === 'file');
  if (info === undefined) throw apkInvalid('control segment has no .PKGINFO');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(info.content);
  } catch {
    throw apkInvalid('.PKGINFO is not UTF-8');
  }
}
