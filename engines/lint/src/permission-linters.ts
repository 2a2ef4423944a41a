import { counted } from '@kiln/base';
import type { TreeEntry } from '@kiln/build';
import type { Linter, PermissionInfo } from './finding.ts';

/** Regular files with a permission that few should have. */
function filesWith(
  entries: readonly TreeEntry[],
  permissionsOf: (mode: number) => readonly string[],
): readonly PermissionInfo[] {
  return entries
    .filter(({ kind }) => kind === 'file' || kind === 'hardlink')
    .map(({ path, mode }) => ({
      path,
      mode: mode.toString(8),
      permissions: permissionsOf(mode),
    }))
    .filter(({ permissions }) => permissions.length > 0);
}

/** Files that run as somebody else, or that only their owner may remove. */
export const setuidgid: Linter = ({ tree }) => {
  const files = filesWith(tree.entries, (mode) => [
    ...((mode & 0o4000) === 0 ? [] : ['setuid']),
    ...((mode & 0o2000) === 0 ? [] : ['setgid']),
    ...((mode & 0o1000) === 0 ? [] : ['sticky']),
  ]);
  if (files.length === 0) return undefined;
  return {
    message: `${tree.packageName} contains ${counted(files.length, 'file')} with special permissions (setuid/setgid)`,
    details: { files },
  };
};

/** Files that everybody may change. */
export const worldwrite: Linter = ({ tree }) => {
  const files = filesWith(tree.entries, (mode) =>
    (mode & 0o002) === 0 ? [] : ['world-writable', ...((mode & 0o111) === 0 ? [] : ['executable'])],
  );
  if (files.length === 0) return undefined;
  return {
    message: `${tree.packageName} contains ${counted(files.length, 'world-writeable file')}`,
    details: { files },
  };
};
