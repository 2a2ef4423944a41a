import type { Accounts } from '@kiln/image-config';
import { applyAccounts } from './accounts.ts';
import { installPackages, linkDatabase } from './assemble.ts';
import { readText } from './content.ts';
import { FileTree } from './file-tree.ts';
import type { FinishedTree } from './layer.ts';
import { addLoaderCache } from './loader-cache.ts';
import type { PackageContents } from './package-contents.ts';
import { addBusyboxLinks } from './services.ts';
import { addEmptyDatabase, addSkeletonDirectories } from './skeleton.ts';

/** The account that builds run as. */
export const buildAccounts: Accounts = {
  runAs: 'build',
  users: [{ userName: 'build', uid: 1000, gid: 1000, shell: '/bin/sh', homeDir: '/home/build' }],
  groups: [{ groupName: 'build', gid: 1000, members: ['build'] }],
};

export interface EnvironmentInput {
  /** In install order. */
  readonly packages: readonly PackageContents[];
  /** Default: user `build`, 1000:1000, at home in `/home/build`. */
  readonly accounts?: Accounts;
  /** apk name; default: the first package's that has one. */
  readonly arch?: string;
}

const rootUser = 'root:x:0:0:root:/root:/bin/sh\n';
const rootGroup = 'root:x:0:\n';

/**
 * The file system of a build guest: packages with their database, accounts, busybox links and loader cache, the way an image has
 * them, but no devices, keys or configuration, which the sandbox has no use for. Root is there even when no package
 * ships account files. Package scripts are not run. Throws what `assemble` throws.
 */
export async function environmentTree(input: EnvironmentInput): Promise<FinishedTree> {
  const { packages, accounts = buildAccounts } = input;
  const dialect = 'kiln';
  const tree = new FileTree();
  const named = packages.find(({ info }) => info.arch !== 'noarch' && info.arch !== '')?.info.arch;
  addSkeletonDirectories(tree);
  addEmptyDatabase(tree, input.arch ?? named ?? 'noarch');
  tree.write(
    'etc/apk/world',
    `${packages.map(({ info }) => `${info.name}=${info.version}`).join('\n')}\n`,
  );
  await installPackages(tree, { packages, dialect, scriptTimeSeconds: 0 });
  linkDatabase(tree, packages);
  await ensureRoot(tree);
  await applyAccounts(tree, accounts, dialect);
  await addBusyboxLinks(tree, packages);
  await addLoaderCache(tree, dialect);
  return { tree, dialect };
}

async function ensureRoot(tree: FileTree): Promise<void> {
  const passwd = (await readText(tree, 'etc/passwd')) ?? '';
  if (!/^root:/m.test(passwd)) tree.write('etc/passwd', rootUser + passwd);
  const group = (await readText(tree, 'etc/group')) ?? '';
  if (!/^root:/m.test(group)) tree.write('etc/group', rootGroup + group);
}
