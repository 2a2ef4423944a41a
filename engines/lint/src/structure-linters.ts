import type { PackageTree, TreeEntry } from '@kiln/build';
import { inSbomDirectory, type Complaint, type Linter } from './finding.ts';

export const empty: Linter = ({ tree }) => {
  const holds = tree.entries.some(
    ({ kind, path }) => kind !== 'directory' && !inSbomDirectory(path),
  );
  return holds ? undefined : { message: 'package is empty but no-provides is not set' };
};

const separateDirectories = ['sbin', 'bin', 'usr/sbin', 'lib', 'lib64'];

function isSeparate(path: string): boolean {
  return separateDirectories.some(
    (directory) => path === directory || path.startsWith(`${directory}/`),
  );
}

/**
 * Paths below what is a link into `usr` on every merged system. That link itself is no offence, though melange takes it
 * for one; melange, in turn, does not see what comes behind a file in the root or in `usr`.
 */
export const usrmerge: Linter = ({ tree, dialect }) => {
  const offends = ({ kind, path }: TreeEntry): boolean =>
    isSeparate(path) &&
    !(dialect === 'kiln' && kind === 'symlink' && separateDirectories.includes(path));
  const seen = dialect === 'melange' ? seenByMelange(tree) : tree.entries;
  const paths = seen.filter(offends).map(({ path }) => path);
  return paths.length === 0 ? undefined : offence(paths);
};

function offence(paths: readonly string[]): Complaint {
  return {
    message: 'Package contains paths in violation of usrmerge:',
    more: paths,
    details: { paths },
  };
}

/** In the root and in `usr`, a file that is not looked at ends the walk through that directory. */
function seenByMelange(tree: PackageTree): readonly TreeEntry[] {
  const ended = new Set<string>();
  return tree.entries.filter(({ kind, path }) => {
    const inUsr = path.startsWith('usr/');
    const skipped = ended.has('') || (inUsr && ended.has('usr'));
    const depth = path.split('/').length;
    const looksAt = path === 'usr' || isSeparate(path);
    if (!skipped && !looksAt && kind !== 'directory') {
      if (depth === 1) ended.add('');
      if (depth === 2 && inUsr) ended.add('usr');
    }
    return !skipped;
  });
}
