import type { TarEntry } from './entry.ts';

/** What the makers below may be told beside path and content. Owner defaults to 0:0 named root. */
export interface EntryOptions {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly userName?: string;
  readonly groupName?: string;
  readonly mtimeSeconds?: number;
  readonly pax?: ReadonlyMap<string, Uint8Array>;
}

/** A regular file of `sizeBytes`; mode 0644 unless told otherwise. */
export function fileEntry(path: string, sizeBytes: number, options: EntryOptions = {}): TarEntry {
  return { ...blank(path, 0o644, options), type: 'file', sizeBytes };
}

/** A directory; mode 0755. */
export function directoryEntry(path: string, options: EntryOptions = {}): TarEntry {
  return { ...blank(path, 0o755, options), type: 'directory' };
}

/** A symbolic link; mode 0777. The target is kept as it is. */
export function symlinkEntry(path: string, target: string, options: EntryOptions = {}): TarEntry {
  return { ...blank(path, 0o777, options), type: 'symlink', linkTarget: target };
}

/** A hard link to a path of the same archive; mode 0644. */
export function hardlinkEntry(path: string, target: string, options: EntryOptions = {}): TarEntry {
  return { ...blank(path, 0o644, options), type: 'hardlink', linkTarget: target };
}

function blank(path: string, mode: number, options: EntryOptions): TarEntry {
  return {
    path,
    type: 'file',
    mode: options.mode ?? mode,
    uid: options.uid ?? 0,
    gid: options.gid ?? 0,
    userName: options.userName ?? 'root',
    groupName: options.groupName ?? 'root',
    sizeBytes: 0,
    mtimeSeconds: options.mtimeSeconds ?? 0,
    linkTarget: '',
    deviceMajor: 0,
    deviceMinor: 0,
    pax: options.pax ?? new Map(),
  };
}
