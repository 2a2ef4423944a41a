import { assemblyError } from './failure.ts';
import type { FileTree } from './file-tree.ts';

const installedDatabase = 'usr/lib/apk/db/installed';

/**
 * Notes what the installed database is, and tells later whether `paths` have emptied it, since to apko there are no packages then.
 * Throws `ASSEMBLE_CONFLICT` where another file has taken its place, or nothing has: apko reads it, and mostly fails.
 */
export function noteDatabase(tree: FileTree): () => boolean {
  const before = writtenAt(tree);
  return () => {
    const now = writtenAt(tree);
    if (now === before) return false;
    if (now?.every(({ length }) => length === 0) === true) return true;
    throw assemblyError('ASSEMBLE_CONFLICT', installedDatabase, 'is no longer there as it was', {
      hint: 'an entry of paths puts something else in its place',
    });
  };
}

function writtenAt(tree: FileTree): readonly Uint8Array[] | undefined {
  const node = tree.at(installedDatabase);
  return node?.type === 'file' ? node.bytes : undefined;
}
