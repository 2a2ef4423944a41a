import { createHash } from 'node:crypto';
import { controlSegment, dataSegment, parsePackageInfo } from '@kiln/apk';
import type { DataFile } from '@kiln/apk';
import { concatBytes } from '@kiln/base';
import { directoryEntry, fileEntry, hardlinkEntry, symlinkEntry } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';

/** Files of the package that tests expand. */
export const contents: ReadonlyMap<string, string> = new Map([
  ['etc/a', 'first file'],
  ['etc/b', ''],
  [`etc/${'long-'.repeat(40)}`, 'named at length'],
  ['etc/z', 'x'.repeat(200_000)],
]);

type Modes = ReadonlyMap<string, number>;

export function dataFiles(modes: Modes = new Map(), linkTarget = 'a'): DataFile[] {
  const files = [...contents].map(([path, text]) => file(path, text, modes.get(path) ?? 0o4755));
  const none = (entry: TarEntry): DataFile => ({ entry, open: () => Buffer.alloc(0) });
  return [
    none(directoryEntry('etc')),
    ...files,
    none(hardlinkEntry('etc/z-hard', 'etc/z')),
    none(symlinkEntry('etc/z-link', linkTarget)),
  ];
}

function file(path: string, text: string, mode: number): DataFile {
  const pax = new Map(path === 'etc/a' ? [['SCHILY.xattr.user.note', Buffer.of(0, 255)]] : []);
  return {
    entry: fileEntry(path, text.length, { pax, mode }),
    open: () => Buffer.from(text),
  };
}

export async function makePackage(
  change: {
    readonly dataHash?: string;
    readonly modes?: Modes;
    readonly linkTarget?: string;
  } = {},
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of dataSegment(dataFiles(change.modes, change.linkTarget)))
    chunks.push(chunk);
  const data = concatBytes(chunks);
  const dataHash = change.dataHash ?? createHash('sha256').update(data).digest('hex');
  const info = { ...parsePackageInfo('pkgname = x\npkgver = 1-r0\npkgdesc = a # b\n'), dataHash };
  const scripts = new Map([['post-install', '#!/bin/sh\n'] as const]);
  return concatBytes([controlSegment({ info, scripts, mtimeSeconds: 0 }), data]);
}
