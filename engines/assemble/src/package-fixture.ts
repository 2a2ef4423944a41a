import { createHash } from 'node:crypto';
import type { PackageInfo } from '@kiln/apk';
import { checksumRecord } from '@kiln/apk';
import { digestOf } from '@kiln/base';
import type { TarEntry } from '@kiln/tar';
import { directoryEntry, fileEntry, hardlinkEntry, symlinkEntry } from '@kiln/tar';
import type { PackageContents } from './package-contents.ts';

/** A member to be: an entry and the content of a file. */
export interface FixtureMember {
  readonly entry: TarEntry;
  readonly content?: string;
}

/** A package in memory, for tests. `onRead` hears of every content that is read. */
export function fixturePackage(
  nameVersion: string,
  members: readonly FixtureMember[],
  more: { readonly info?: Partial<PackageInfo>; readonly onRead?: (path: string) => void } = {},
): PackageContents {
  const [name = '', version = '1-r0'] = nameVersion.split('=');
  return {
    info: { ...blankInfo, name, version, origin: name, ...more.info },
    apk: digestOf(nameVersion),
    checksum: `Q1${createHash('sha1').update(nameVersion).digest('base64')}`,
    sizeBytes: 100,
    control: [],
    members: members.map(({ entry }, index) => ({ index, entry })),
    async *read(index) {
      const member = members[index];
      more.onRead?.(member?.entry.path ?? '');
      yield await Promise.resolve(new TextEncoder().encode(member?.content ?? ''));
    },
  };
}

export const directory = (
  path: string,
  options: Parameters<typeof directoryEntry>[1] = {},
): FixtureMember => ({
  entry: directoryEntry(path, options),
});

export const file = (
  path: string,
  content: string,
  options: Parameters<typeof fileEntry>[2] = {},
): FixtureMember => ({
  entry: fileEntry(path, Buffer.byteLength(content), {
    ...options,
    pax: withSum(content, options.pax),
  }),
  content,
});

export const symlink = (path: string, target: string): FixtureMember => ({
  entry: symlinkEntry(path, target, { pax: withSum(target) }),
});

export const hardlink = (path: string, target: string): FixtureMember => ({
  entry: hardlinkEntry(path, target),
});

function withSum(
  content: string,
  pax: ReadonlyMap<string, Uint8Array> = new Map(),
): Map<string, Uint8Array> {
  const sum = createHash('sha1').update(content).digest('hex');
  return new Map([...pax, [checksumRecord, new TextEncoder().encode(sum)]]);
}

const blankInfo: PackageInfo = {
  name: '',
  version: '',
  arch: 'x86_64',
  installedSizeBytes: 0,
  origin: '',
  description: '',
  url: '',
  commit: '',
  maintainer: '',
  buildTimeSeconds: 0,
  licenses: ['MIT'],
  depends: [],
  provides: [],
  replaces: [],
  installIf: [],
  vendored: [],
  providerPriority: undefined,
  replacesPriority: undefined,
  triggers: [],
  dataHash: '',
};
