import { fileAt, type PackageTree } from '../tree.ts';
import type { Dialect } from './subject.ts';

const standardDirectories = ['lib', 'usr/lib', 'lib64', 'usr/lib64'];

const configurationBytesMax = 64 * 1024;

/**
 * Where the loader looks: the usual directories, then what any package's `etc/ld.so.conf.d/*.conf` names, in order.
 * melange reads such files in folders below too, which the loader does not, and takes lines as they are.
 */
export async function libraryDirectoriesOf(
  relatives: readonly PackageTree[],
  dialect: Dialect,
): Promise<ReadonlySet<string>> {
  const configuration =
    dialect === 'melange'
      ? /^etc\/ld\.so\.conf\.d\/.*\.conf$/
      : /^etc\/ld\.so\.conf\.d\/[^/]*\.conf$/;
  const directories = new Set(standardDirectories);
  for (const tree of relatives) {
    for (const { path } of tree.entries) {
      const file = configuration.test(path) ? fileAt(tree, path) : undefined;
      if (file === undefined) continue;
      const text = Buffer.from(await file.range(0, configurationBytesMax)).toString('utf8');
      for (const line of text.split('\n'))
        if (line.startsWith('/'))
          directories.add(
            dialect === 'melange'
              ? line.slice(1).replace(/\r$/, '')
              : line.slice(1).trim().replace(/\/+$/, ''),
          );
    }
  }
  return directories;
}

/**
 * Whether the loader looks in a directory. For melange a name may have one slash behind it, `…/...` is all below, and the
 * root of the package is never looked in.
 */
export function isLibraryDirectory(
  directories: ReadonlySet<string>,
  directory: string,
  dialect: Dialect,
): boolean {
  if (dialect === 'kiln') return directories.has(directory);
  if (directory === '') return false;
  return (
    directories.has(directory) ||
    directories.has(`${directory}/`) ||
    [...directories].some(
      (one) => one.endsWith('/...') && `${directory}/`.startsWith(one.slice(0, -'...'.length)),
    )
  );
}
