import { unsafePath } from './errors.ts';

/**
 * The canonical form of a member path: no leading `./`, no empty or `.` components, no trailing `/`; "" for the root.
 * Throws `TAR_UNSAFE_PATH` for absolute paths, `..` components and NUL.
 */
export function normalPath(path: string): string {
  if (path.includes('\0')) throw unsafePath(path, 'contains NUL');
  if (path.startsWith('/')) throw unsafePath(path, 'is absolute');
  const components = path.split('/').filter((component) => component !== '' && component !== '.');
  if (components.includes('..')) throw unsafePath(path, 'leaves the archive');
  return components.join('/');
}

/**
 * Throws `TAR_UNSAFE_PATH` when a symbolic link at `path` climbs above the root. An absolute target is taken as
 * relative to the root of the tree, as it will be in an image, so it is never above it.
 */
export function refuseEscape(path: string, target: string): void {
  const start = target.startsWith('/') ? [] : path.split('/').slice(0, -1);
  let depth = start.length;
  for (const component of target.split('/')) {
    if (component === '' || component === '.') continue;
    depth += component === '..' ? -1 : 1;
    if (depth < 0) throw unsafePath(path, `links outside the archive`);
  }
}

/** All ancestors of a path, nearest last: `a/b/c` gives `a`, `a/b`. */
export function ancestors(path: string): string[] {
  const found: string[] = [];
  for (let i = path.indexOf('/'); i !== -1; i = path.indexOf('/', i + 1))
    found.push(path.slice(0, i));
  return found;
}
