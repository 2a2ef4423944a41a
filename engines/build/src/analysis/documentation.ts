import { directoryOf, type PackageTree } from '../tree.ts';
import type { Finding } from './relations.ts';

/** What shows the documentation of a `-doc` package: manual pages and info documents. */
export function documentation(tree: PackageTree): Finding {
  if (!tree.packageName.endsWith('-doc')) return {};
  const holds = (directory: string): boolean =>
    tree.entries.some(({ path }) => directoryOf(path) === directory);
  return {
    runtime: [
      ...(holds('usr/share/man') ? ['man-db'] : []),
      ...(holds('usr/share/info') ? ['texinfo'] : []),
    ],
  };
}
