import type { Accounts, ImageConfig } from '@kiln/image-config';
import { applyAccounts } from './accounts.ts';
import { installPackages, linkDatabase } from './install-packages.ts';
import { applyCertificates, applyRuntimeKeyring } from './certificates.ts';
import { readText } from './content.ts';
import type { AssemblyDialect } from './failure.ts';
import { FileTree } from './file-tree.ts';
import type { FinishedTree } from './layer.ts';
import { addLoaderCache } from './loader-cache.ts';
import type { PackageContents } from './package-contents.ts';
import { applyPathMutations } from './path-mutations.ts';
import { addBusyboxLinks, addServices } from './services.ts';
import { addApkSettings, addEmptyDatabase, addSkeletonDirectories } from './skeleton.ts';

/** The account that builds run as. */
export const buildAccounts: Accounts = {
  runAs: 'build',
  users: [{ userName: 'build', uid: 1000, gid: 1000, shell: '/bin/sh', homeDir: '/home/build' }],
  groups: [{ groupName: 'build', gid: 1000, members: ['build'] }],
};

export interface EnvironmentInput {
  /** In install order. */
  readonly packages: readonly PackageContents[];
  /** Default `kiln`. */
  readonly dialect?: AssemblyDialect;
  /** Default: user `build`, 1000:1000, at home in `/home/build`. */
  readonly accounts?: Accounts;
  /**
   * A configuration of the environment: its accounts (instead of `accounts`), path mutations, certificates, runtime keys and
   * services are applied, in the order of an image.
   */
  readonly config?: ImageConfig;
  /** apk name; default: the first package's that has one. */
  readonly arch?: string;
  /** Lines of `etc/apk/world`; default: the packages in install order. */
  readonly world?: readonly string[];
  /** Lines of `etc/apk/repositories`. */
  readonly repositories?: readonly string[];
  /** Files of `etc/apk/keys`. */
  readonly keys?: readonly { readonly name: string; readonly pem: string }[];
}

const rootUser = 'root:x:0:0:root:/root:/bin/sh\n';
const rootGroup = 'root:x:0:\n';

/**
 * The file system of a build guest: packages with their database, accounts, path mutations, busybox links and loader cache,
 * the way an image has them, but no devices, which the sandbox makes, and no `etc/apko.json`: so environments that differ
 * in their variables alone have the same tree. In dialect `kiln` root is there even when no package ships account files.
 * Package scripts are not run. Throws what `assemble` throws.
 */
export async function environmentTree(input: EnvironmentInput): Promise<FinishedTree> {
  const { packages, config, dialect = 'kiln' } = input;
  const tree = new FileTree();
  addSkeletonDirectories(tree);
  addEmptyDatabase(tree, input.arch ?? archOf(packages));
  addApkSettings(
    tree,
    {
      keys: input.keys ?? [],
      world: input.world ?? packages.map(({ info }) => `${info.name}=${info.version}`),
      repositories: input.repositories ?? [],
    },
    dialect,
  );
  await installPackages(tree, { packages, dialect, scriptTimeSeconds: 0 });
  linkDatabase(tree, packages);
  if (dialect === 'kiln') await ensureRoot(tree);
  await applyAccounts(tree, config?.accounts ?? input.accounts ?? buildAccounts, dialect);
  if (config !== undefined) await applyConfig(tree, config, { packages, dialect });
  await addBusyboxLinks(tree, packages, 'kiln');
  await addLoaderCache(tree, dialect);
  return { tree, dialect };
}

function archOf(packages: readonly PackageContents[]): string {
  const named = packages.find(({ info }) => info.arch !== 'noarch' && info.arch !== '');
  return named?.info.arch ?? 'noarch';
}

async function applyConfig(
  tree: FileTree,
  config: ImageConfig,
  {
    packages,
    dialect,
  }: { readonly packages: readonly PackageContents[]; readonly dialect: AssemblyDialect },
): Promise<void> {
  const buildDateSeconds = Math.max(0, ...packages.map(({ info }) => info.buildTimeSeconds));
  applyPathMutations(tree, config.paths, dialect);
  await applyCertificates(tree, config.certificates, packages, {
    mtimeSeconds: buildDateSeconds,
    dialect,
  });
  applyRuntimeKeyring(tree, config.contents.runtimeKeyring, {
    mtimeSeconds: buildDateSeconds,
    dialect,
  });
  addServices(tree, config.entrypoint.services, dialect);
}

async function ensureRoot(tree: FileTree): Promise<void> {
  const passwd = (await readText(tree, 'etc/passwd')) ?? '';
  if (!/^root:/m.test(passwd)) tree.write('etc/passwd', rootUser + passwd);
  const group = (await readText(tree, 'etc/group')) ?? '';
  if (!/^root:/m.test(group)) tree.write('etc/group', rootGroup + group);
}
