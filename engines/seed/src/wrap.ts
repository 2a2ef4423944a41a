import type { PackageInfo } from '@kiln/apk';
import { controlSegment, dataSegment } from '@kiln/apk';
import type { Digest } from '@kiln/base';
import { KilnError, digestOfValue, hexOf, sortUnique } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { IndexedPackage } from '@kiln/deb822';
import { binaryPackage } from '@kiln/deb822';
import { apkVersion } from './apk-version.ts';
import type { OpenDeb } from './archive.ts';
import type { Closure } from './closure.ts';
import type { PackageChanges, SeedDefinition } from './definition.ts';
import { PackageTree } from './package-tree.ts';
import { soProvides } from './so-provides.ts';

/** Changes whenever the same input would give other bytes. */
const wrapFormat = 2;

const unchanged: PackageChanges = { links: {}, files: {}, drop: [], dropDepends: [] };

/** What every wrapping is told. Everything below is a function of it and the Debian package alone. */
export interface WrapContext {
  readonly definition: SeedDefinition;
  readonly closure: Closure;
  readonly blobs: BlobStore;
  /** Time of every member, and the build date. */
  readonly buildTimeSeconds: number;
}

/** Where a package of the seed comes from, for provenance. */
export interface DebianOrigin {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly source: string;
  /** Of the `.deb`. */
  readonly sha256: string;
}

/** A package of the seed before it is signed. */
export interface WrappedPackage {
  /** With the data hash. */
  readonly info: PackageInfo;
  /** The compressed control segment: what is signed. */
  readonly control: Uint8Array;
  /** The compressed data segment in the blob store. */
  readonly data: Digest;
  readonly dataSizeBytes: number;
  /** Undefined for the base package and aliases. */
  readonly debian: DebianOrigin | undefined;
}

/**
 * One Debian package as an apk: name kept, version by `apkVersion`, dependencies by name and on the base package,
 * virtual names as unversioned provides, files moved under `usr`, links and texts added, documents dropped, no script.
 * The digest of the `.deb` is the package's `commit`, and with the exact version in `.melange.yaml`.
 * Throws `SEED_DEB_MISMATCH` when the package is not what the index says, `SEED_DEB_INVALID`, `SEED_DEB_TOO_LARGE`,
 * `SEED_VERSION_INVALID`, `SEED_DEPENDENCY_MISSING`.
 */
export async function wrapDeb(
  indexed: IndexedPackage,
  deb: OpenDeb,
  context: WrapContext,
): Promise<WrappedPackage> {
  const { definition, closure } = context;
  checkControl(indexed, deb);
  const tree = new PackageTree();
  await tree.addDeb(deb.members);
  const changes = definition.packages[indexed.name] ?? unchanged;
  for (const path of [...definition.drop, ...changes.drop]) tree.drop(path);
  for (const [path, target] of Object.entries(changes.links)) tree.addLink(path, target);
  for (const [path, text] of Object.entries(changes.files)) tree.addFile(path, Buffer.from(text));
  const libraries = definition.soProvides.includes(indexed.name) ? await soProvides(tree) : [];
  const { name, version, architecture, source, sha256 } = indexed;
  const described = {
    name,
    description: indexed.summary,
    url: indexed.homepage,
    origin: source,
    depends: sortUnique([
      ...closure.dependsOf(indexed).filter((name) => !changes.dropDepends.includes(name)),
      definition.base.name,
    ]),
    provides: [...closure.providesOf(indexed), ...libraries],
    debian: { name, version, architecture, source, sha256 },
  };
  const revision = revisionOf(context, { ...described, changes, drop: definition.drop });
  return finish(tree, context, { ...described, version: apkVersion(version, revision) });
}

/** The base package and the aliases, in byte order of their names. */
export async function wrapGenerated(context: WrapContext): Promise<WrappedPackage[]> {
  const { base, aliases } = context.definition;
  const revision = revisionOf(context, { base, aliases });
  const version = apkVersion(String(context.buildTimeSeconds), revision);
  const generated = { version, url: '', provides: [], debian: undefined };
  const tree = new PackageTree();
  for (const [path, mode] of Object.entries(base.directories)) {
    const owner = path.startsWith('home/') ? 1000 : 0;
    tree.addDirectory(path, { mode: Number.parseInt(mode, 8), owner });
  }
  for (const [path, target] of Object.entries(base.links)) tree.addLink(path, target);
  for (const [path, text] of Object.entries(base.files)) tree.addFile(path, Buffer.from(text));
  const description = 'Directories, links and accounts of a build environment';
  const packages = [
    await finish(tree, context, {
      ...generated,
      name: base.name,
      origin: base.name,
      description,
      depends: [],
    }),
  ];
  for (const name of sortUnique(Object.keys(aliases))) {
    const alias = aliases[name];
    if (alias === undefined) continue;
    const depends = sortUnique(alias.depends);
    const described = { name, origin: name, description: alias.description, depends };
    packages.push(await finish(new PackageTree(), context, { ...generated, ...described }));
  }
  return packages;
}

/**
 * A number that differs for whatever else goes into a package: a version once published names the same bytes for ever,
 * also when the definition of the seed changes and Debian's package does not.
 */
function revisionOf(context: WrapContext, inputs: unknown): number {
  const { buildTimeSeconds } = context;
  const digest = hexOf(digestOfValue({ wrapFormat, buildTimeSeconds, inputs }));
  return Number.parseInt(digest.slice(0, 6), 16);
}

interface Described {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly url: string;
  readonly origin: string;
  readonly depends: readonly string[];
  readonly provides: readonly string[];
  readonly debian: DebianOrigin | undefined;
}

async function finish(
  tree: PackageTree,
  context: WrapContext,
  described: Described,
): Promise<WrappedPackage> {
  const { definition, blobs, buildTimeSeconds } = context;
  const { debian } = described;
  const stored = await blobs.put(dataSegment(tree.dataFiles(buildTimeSeconds)));
  const info: PackageInfo = {
    name: described.name,
    version: described.version,
    arch: definition.architecture,
    installedSizeBytes: tree.installedSizeBytes(),
    origin: described.origin,
    description: described.description,
    url: described.url,
    commit: debian?.sha256 ?? '',
    maintainer: '',
    buildTimeSeconds,
    licenses: [],
    depends: described.depends,
    provides: described.provides,
    replaces: [],
    installIf: [],
    vendored: [],
    providerPriority: undefined,
    replacesPriority: undefined,
    triggers: [],
    dataHash: hexOf(stored.digest),
  };
  const melangeYaml = debian === undefined ? undefined : originYaml(debian);
  const control = controlSegment({ info, melangeYaml, mtimeSeconds: buildTimeSeconds });
  return { info, control, data: stored.digest, dataSizeBytes: stored.sizeBytes, debian };
}

/** All values are of forms that need no quotes but the version, which may look like a number. */
function originYaml(debian: DebianOrigin): string {
  return [
    'debian:',
    `  package: ${debian.name}`,
    `  version: "${debian.version}"`,
    `  architecture: ${debian.architecture}`,
    `  source: ${debian.source}`,
    `  sha256: "${debian.sha256}"`,
    '',
  ].join('\n');
}

function checkControl(indexed: IndexedPackage, deb: OpenDeb): void {
  const own = binaryPackage(deb.control);
  if (own.name === indexed.name && own.version === indexed.version) return;
  throw new KilnError(
    'SEED_DEB_MISMATCH',
    `the file of ${indexed.name} ${indexed.version} holds ${own.name} ${own.version}`,
  );
}
