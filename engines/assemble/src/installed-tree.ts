import { architectureOf } from '@kiln/image-config';
import { buildDateOf } from './build-date.ts';
import { installPackages, linkDatabase } from './install-packages.ts';
import { FileTree } from './file-tree.ts';
import type { InstalledRecords } from './installed-database.ts';
import { addLoaderCache } from './loader-cache.ts';
import type { PackageContents } from './package-contents.ts';
import { addBusyboxLinks } from './services.ts';
import { addDevices, addEmptyDatabase, addKeys, addSkeletonDirectories } from './skeleton.ts';

export interface InstalledTreeInput {
  /** Canonical or apk name. */
  readonly arch: string;
  /** In install order. */
  readonly packages: readonly PackageContents[];
  /** Public keys for `etc/apk/keys`. */
  readonly keyring: readonly { readonly name: string; readonly pem: string }[];
  readonly sourceDateEpochSeconds: number;
  /** As in `AssembleInput`. */
  readonly buildDateSeconds?: number;
}

/** What packages alone make of an image, before any configuration: the same for every image that has them. */
export interface InstalledTree {
  readonly input: InstalledTreeInput;
  /** Not to be changed: images are forks of it. */
  readonly tree: FileTree;
  readonly records: InstalledRecords;
}

/**
 * Skeleton, keys, packages with their database, busybox links, devices and loader cache, by Kiln's rules. A function of its
 * input alone. Throws `ASSEMBLE_…` codes that name the path, and the package where there is one.
 */
export async function installTree(input: InstalledTreeInput): Promise<InstalledTree> {
  const { packages } = input;
  const tree = new FileTree();
  addSkeletonDirectories(tree);
  addEmptyDatabase(tree, architectureOf(input.arch)?.apk ?? input.arch);
  addDevices(tree);
  addKeys(tree, input.keyring, 'kiln');
  const records = await installPackages(tree, {
    packages,
    dialect: 'kiln',
    scriptTimeSeconds: buildDateOf(input),
  });
  linkDatabase(tree, packages);
  await addBusyboxLinks(tree, packages, 'kiln');
  await addLoaderCache(tree, 'kiln');
  return { input, tree, records };
}
