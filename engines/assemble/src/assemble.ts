import { KilnError, sortUnique } from '@kiln/base';
import { architectureOf, lockImageConfig, lockedPackages, printApkoJson } from '@kiln/image-config';
import type { ImageConfig } from '@kiln/image-config';
import { applyAccounts } from './accounts.ts';
import { applyCertificates, applyRuntimeKeyring } from './certificates.ts';
import type { BaseImage } from './base-image.ts';
import { buildDateOf } from './build-date.ts';
import type { AssemblyDialect } from './failure.ts';
import { FileTree } from './file-tree.ts';
import { installPackages, linkDatabase } from './install-packages.ts';
import { installTree } from './installed-tree.ts';
import type { InstalledTree } from './installed-tree.ts';
import type { InstalledRecords } from './installed-database.ts';
import type { FinishedTree } from './layer.ts';
import { addLoaderCache } from './loader-cache.ts';
import type { PackageContents } from './package-contents.ts';
import { applyPathMutations } from './path-mutations.ts';
import { apkoRules } from './path-rules.ts';
import { noteDatabase } from './recorded-packages.ts';
import { addBusyboxLinks, addServices } from './services.ts';
import { namingShippers } from './shipped-path.ts';
import {
  addApkSettings,
  addDevices,
  addEmptyDatabase,
  addSkeletonDirectories,
  listText,
  restoreDevices,
} from './skeleton.ts';

export interface AssembleInput {
  /** Default `kiln`. */
  readonly dialect?: AssemblyDialect;
  /** As written, with includes merged; it is locked to `packages` and `arch` here. */
  readonly config: ImageConfig;
  /** Canonical or apk name. */
  readonly arch: string;
  /** In install order. */
  readonly packages: readonly PackageContents[];
  /**
   * The locked world, `name=version[@tag]` each, in its order; default: the packages. apko's is that of its first solve,
   * which the second may have added to.
   */
  readonly world?: readonly string[];
  /** What `/etc/apko.json` records instead of the locked configuration: that of an image that was never locked. */
  readonly recorded?: ImageConfig;
  /** Packages that were asked for beside the configuration: in the world, and not recorded. */
  readonly appendedPackages?: readonly string[];
  /** Dialect `apko`: what `contents.baseimage` names, for this architecture. */
  readonly base?: BaseImage;
  /** What `etc/apk/repositories` lists in the image; default: the configuration's own and runtime repositories. */
  readonly repositories?: readonly string[];
  /** Public keys for `etc/apk/keys`. */
  readonly keyring: readonly { readonly name: string; readonly pem: string }[];
  readonly sourceDateEpochSeconds: number;
  /** Time of what is made here; default: the latest of the epoch and the packages' build times. */
  readonly buildDateSeconds?: number;
}

export interface AssembledTree extends FinishedTree {
  /** Locked, with `run-as` resolved: what `/etc/apko.json` records. */
  readonly config: ImageConfig;
  readonly buildDateSeconds: number;
  /** Those that were installed here, in this order; what a base image holds is not among them. */
  readonly packages: readonly PackageContents[];
  /** Those of them that the installed database still names: none where a configuration in dialect `apko` empties it. */
  readonly recorded: readonly PackageContents[];
  readonly records: InstalledRecords;
  readonly base: BaseImage | undefined;
}

/**
 * Makes the file system of an image from packages and a configuration. Contents of packages stay where they are; only text
 * files that change are read. A function of its input alone. Throws `ASSEMBLE_…` codes that name the path, and the package
 * where there is one.
 */
export async function assemble(input: AssembleInput): Promise<AssembledTree> {
  refuseUnsupported(input);
  return namingShippers(input.packages, async () =>
    input.dialect === 'apko' ? assembleAsApko(input) : configure(await installTree(input), input),
  );
}

/** apko's order: skeleton, packages, database, accounts, recorded configuration, and the rest. */
async function assembleAsApko(input: AssembleInput): Promise<AssembledTree> {
  const { base } = input;
  const dialect = 'apko';
  const present = new Set(base?.packages.map(({ name }) => name));
  const packages = input.packages.filter(({ info }) => !present.has(info.name));
  const tree = new FileTree(apkoRules);
  const locked = input.recorded ?? lockedConfig(input);
  addSystem(tree, input, locked);
  const records = await installPackages(tree, {
    packages,
    dialect,
    base,
    scriptTimeSeconds: input.sourceDateEpochSeconds,
  });
  linkDatabase(tree, packages, base);
  const configured = await applyConfig(tree, locked, { ...input, dialect, packages });
  await addBusyboxLinks(tree, configured.recorded, dialect);
  restoreDevices(tree);
  await addLoaderCache(tree, dialect);
  tree.write('etc/apk/repositories', listText(repositoriesOf(input)));
  return { tree, dialect, ...configured, packages, records, base };
}

/**
 * The image that a configuration makes of installed packages: `assemble` of both, by Kiln's rules. `installed` was made of the
 * same packages, keys, architecture, epoch and date, and serves any number of configurations. Throws as `assemble`.
 */
export async function configure(
  installed: InstalledTree,
  input: AssembleInput,
): Promise<AssembledTree> {
  refuseUnsupported(input);
  const { packages } = input;
  const dialect = 'kiln';
  const tree = installed.tree.fork();
  const locked = input.recorded ?? lockedConfig(input);
  tree.write('etc/apk/world', listText(worldOf(input, locked)));
  const configured = await applyConfig(tree, locked, { ...input, dialect, packages });
  restoreDevices(tree);
  // What else is configured adds no libraries.
  if (locked.paths.length > 0) await addLoaderCache(tree, dialect);
  tree.write('etc/apk/repositories', listText(repositoriesOf(input)));
  return { tree, dialect, ...configured, packages, records: installed.records, base: undefined };
}

/** Accounts, the recorded configuration, path mutations, certificates, keys and services. */
async function applyConfig(
  tree: FileTree,
  locked: ImageConfig,
  input: AssembleInput & { readonly dialect: AssemblyDialect },
): Promise<Pick<AssembledTree, 'config' | 'buildDateSeconds' | 'recorded'>> {
  const { dialect } = input;
  const runAs =
    input.base === undefined
      ? await applyAccounts(tree, locked.accounts, dialect)
      : locked.accounts.runAs;
  const config = { ...locked, accounts: { ...locked.accounts, runAs } };
  tree.write('etc/apko.json', `${printApkoJson(config)}\n`).mode = 0o444;
  const isEmptied = dialect === 'apko' ? noteDatabase(tree) : () => false;
  applyPathMutations(tree, config.paths, dialect);
  const isEmpty = isEmptied();
  const packages = isEmpty ? [] : input.packages;
  const base = isEmpty ? undefined : input.base;
  const buildDateSeconds = buildDateOf({ ...input, packages, base });
  await applyCertificates(tree, config.certificates, packages, {
    mtimeSeconds: buildDateSeconds,
    dialect,
  });
  applyRuntimeKeyring(tree, config.contents.runtimeKeyring, {
    mtimeSeconds: buildDateSeconds,
    dialect,
  });
  addServices(tree, config.entrypoint.services, dialect);
  return { config, buildDateSeconds, recorded: packages };
}

/** What would otherwise give an image other than the one that was asked for. */
function refuseUnsupported(input: AssembleInput): void {
  const { contents } = input.config;
  if (contents.baseImage !== undefined && (input.base === undefined || input.dialect !== 'apko')) {
    throw new KilnError('ASSEMBLE_UNSUPPORTED', 'base images are not supported', {
      hint: 'list the packages of the base image instead',
    });
  }
  if (input.dialect === 'apko' && repositoriesOf(input).length === 0) {
    throw new KilnError('ASSEMBLE_UNSUPPORTED', 'must provide at least one repository', {
      hint: 'add an entry to contents.repositories or contents.runtime_repositories',
    });
  }
}

function lockedConfig({ config, arch, packages, world }: AssembleInput): ImageConfig {
  const infos = packages.map(({ info }) => info);
  return lockImageConfig(
    config,
    architectureOf(arch)?.canonical ?? arch,
    world ?? lockedPackages(config, infos),
  );
}

function addSystem(tree: FileTree, input: AssembleInput, locked: ImageConfig): void {
  addSkeletonDirectories(tree);
  addEmptyDatabase(tree, architectureOf(input.arch)?.apk ?? input.arch);
  addDevices(tree);
  const { buildRepositories, repositories } = locked.contents;
  addApkSettings(
    tree,
    {
      keys: input.keyring,
      world: worldOf(input, locked),
      repositories: sortUnique([...buildRepositories, ...repositories]),
    },
    'apko',
  );
}

function worldOf({ appendedPackages = [], base }: AssembleInput, locked: ImageConfig): string[] {
  const present = (base?.packages ?? []).map(({ name, version }) => `${name}=${version}`);
  return sortUnique([...locked.contents.packages, ...appendedPackages, ...present]);
}

function repositoriesOf({ config, repositories }: AssembleInput): string[] {
  return sortUnique(
    repositories ?? [...config.contents.repositories, ...config.contents.runtimeRepositories],
  );
}
