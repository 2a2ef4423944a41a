import { baseNameOf, fileAt, type PackageTree } from '../tree.ts';
import { imageVersion, moduleVersion } from './kernel-version.ts';
import type { Finding } from './relations.ts';
import type { Dialect } from './subject.ts';

const moduleDirectories = ['lib/modules/', 'usr/lib/modules/'];

/** Some put the image among its modules. */
const imageDirectories = ['boot/', ...moduleDirectories];

/** Linux images give `linux:<version>`, and modules need it. melange looks for images among modules files, too. */
export async function kernel(tree: PackageTree, dialect: Dialect): Promise<Finding> {
  const runtime: string[] = [];
  const provides: string[] = [];
  const within = (path: string, directories: readonly string[]): boolean =>
    directories.some((directory) => path.startsWith(directory));
  for (const { path } of tree.entries) {
    const file = within(path, imageDirectories) ? fileAt(tree, path) : undefined;
    if (file === undefined) continue;
    const image = mayBeImage(path, dialect) ? await imageVersion(file, dialect) : undefined;
    if (image !== undefined) provides.push(`linux:${image}`);
    if (!within(path, moduleDirectories)) continue;
    const wanted = await moduleVersion(file, dialect);
    if (wanted !== undefined) runtime.push(`linux:${wanted}`);
  }
  return { runtime, provides };
}

function mayBeImage(path: string, dialect: Dialect): boolean {
  return dialect === 'melange' || !/\.ko(?:\.[a-z]+)?$/.test(baseNameOf(path));
}
