/** Directories that a merged-usr system reaches through links. */
const merged: ReadonlySet<string> = new Set(['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']);

/** Where a path goes: `bin/sh` to `usr/bin/sh`. */
export function relocate(path: string): string {
  const first = path.split('/', 1)[0] ?? '';
  return merged.has(first) ? `usr/${path}` : path;
}

/** True for `bin`, `lib` … themselves. */
export function isMergedDirectory(path: string): boolean {
  return merged.has(path);
}

/** The target of a symbolic link after link and target have moved; absolute targets serve as they are. */
export function relocateTarget(path: string, target: string): string {
  if (target.startsWith('/')) return target;
  const pointed = normal([...path.split('/').slice(0, -1), ...target.split('/')]);
  const from = relocate(path);
  const to = relocate(pointed);
  if (from === path && to === pointed) return target;
  return relative(from.split('/').slice(0, -1), to.split('/'));
}

function normal(parts: readonly string[]): string {
  const kept: string[] = [];
  for (const part of parts) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  return kept.join('/');
}

function relative(from: readonly string[], to: readonly string[]): string {
  let shared = 0;
  while (shared < from.length && shared < to.length - 1 && from[shared] === to[shared]) shared++;
  return [...from.slice(shared).map(() => '..'), ...to.slice(shared)].join('/');
}
