import { digestOf, hexOf, type Digest } from '@kiln/base';
import {
  checksumOf,
  controlSegment,
  dataSegment,
  type DataFile,
  type PackageInfo,
  type ScriptName,
} from '@kiln/apk';
import type { BlobStat, BlobStore } from '@kiln/blobs';
import { priorityOf } from '@kiln/recipe';
import type { CompiledSubpackage, OriginFacts } from '@kiln/recipe';
import {
  type TarEntryType,
  directoryEntry,
  fileEntry,
  hardlinkEntry,
  symlinkEntry,
  type EntryOptions,
} from '@kiln/tar';
import { printYaml } from '@kiln/yaml';
import { recipeDocument, type BuildPlan } from './plan.ts';
import type { GeneratedRelations } from './analysis/relations.ts';
import { guestUser } from './steps.ts';
import { installedSizeOf, type PackageTree } from './tree.ts';
import type { TreeEntry } from './workspace.ts';

/** A package without its signature: both segments are in the blob store. */
export interface EmittedPackage {
  readonly name: string;
  /** Full version. */
  readonly version: string;
  /** `<name>-<full version>.apk`. */
  readonly fileName: string;
  readonly info: PackageInfo;
  /** The compressed control segment: what is signed. */
  readonly control: Uint8Array;
  /** SHA-256 of the control segment, under which the blob store has it; what the signer is asked to sign. */
  readonly controlDigest: Digest;
  /** `Q1…`: the identity that indexes and locks use. */
  readonly checksum: string;
  /** The compressed data segment. */
  readonly data: BlobStat;
}

export interface EmitRequest {
  readonly plan: BuildPlan;
  readonly facts: OriginFacts | CompiledSubpackage;
  /** With the SBOM in it. */
  readonly tree: PackageTree;
  readonly relations: GeneratedRelations;
  readonly blobs: BlobStore;
}

/**
 * Writes a package's data segment and control segment into the blob store (apk v2). Every time is the build date, the
 * build user's files belong to root, everything is in walk order: equal trees and plans give equal bytes.
 * Throws `APK_CONTENT_CHANGED` when a file changed since the tree was read, and what the blob store throws.
 */
export async function emitPackage(request: EmitRequest): Promise<EmittedPackage> {
  const { plan, facts, tree, blobs } = request;
  const data = await blobs.put(dataSegment(tree.entries.map((entry) => dataFile(entry, plan))));
  const info = packageInfo(request, hexOf(data.digest));
  const control = controlSegment({
    info,
    melangeYaml: printYaml(recipeDocument(plan), {
      marks: plan.compiled.recipe.dialect === 'melange' ? 'wrong' : 'right',
    }),
    scripts: scriptsOf(facts),
    mtimeSeconds: plan.sourceDateEpoch,
    tool: plan.builder.name,
    lineBreaks: plan.compiled.recipe.dialect === 'kiln' ? 'refuse' : 'keep',
  });
  await blobs.put(control, digestOf(control));
  return {
    name: facts.name,
    version: plan.fullVersion,
    fileName: `${facts.name}-${plan.fullVersion}.apk`,
    info,
    control,
    controlDigest: digestOf(control),
    checksum: checksumOf(control),
    data,
  };
}

export interface JoinRequest {
  /** The compressed signature segment. */
  readonly signature: Uint8Array;
  /** The compressed control segment that it signs. */
  readonly control: Uint8Array;
  /** The blob of the data segment. */
  readonly data: Digest;
  readonly blobs: BlobStore;
}

/** Streams the three segments as one `.apk` into the blob store. Nothing is deleted. Throws `BLOB_UNKNOWN`. */
export function joinPackage({ signature, control, data, blobs }: JoinRequest): Promise<BlobStat> {
  async function* segments(): AsyncGenerator<Uint8Array> {
    yield signature;
    yield control;
    yield* blobs.read(data);
  }
  return blobs.put(segments());
}

function packageInfo({ plan, facts, tree, relations }: EmitRequest, dataHash: string): PackageInfo {
  const { compiled } = plan;
  const { dependencies, scriptlets } = facts;
  return {
    name: facts.name,
    version: plan.fullVersion,
    arch: compiled.arch,
    installedSizeBytes: installedSizeOf(tree),
    origin: plan.stripOrigin === true ? facts.name : compiled.package.name,
    description: oneLine(facts.description, compiled),
    url: oneLine(facts.url, compiled),
    commit: facts.commit,
    maintainer: plan.maintainer ?? plan.namespace,
    buildTimeSeconds: plan.sourceDateEpoch,
    licenses: compiled.package.copyright.map(({ license }) => license),
    depends: relations.runtime,
    provides: relations.provides,
    replaces: dependencies.replaces,
    installIf: [],
    vendored: relations.vendored,
    providerPriority: priorityOf(dependencies.providerPriority),
    replacesPriority: priorityOf(dependencies.replacesPriority),
    triggers: scriptlets.trigger?.paths ?? [],
    dataHash,
  };
}

/** The break at the end of a block text goes; the reference writes it, and then cannot index the package. */
function oneLine(text: string, { recipe }: BuildPlan['compiled']): string {
  return recipe.dialect === 'kiln' ? text.trimEnd() : text;
}

function scriptsOf({
  scriptlets,
}: OriginFacts | CompiledSubpackage): ReadonlyMap<ScriptName, string> {
  const scripts = new Map<ScriptName, string>();
  for (const [name, text] of Object.entries(scriptlets.scripts))
    scripts.set(name as ScriptName, text);
  const trigger = scriptlets.trigger?.script ?? '';
  if (trigger !== '') scripts.set('trigger', trigger);
  return scripts;
}

function dataFile(entry: TreeEntry, plan: BuildPlan): DataFile {
  const options = entryOptions(entry, plan);
  const nothing = (): Uint8Array => new Uint8Array(0);
  switch (entry.kind) {
    case 'directory':
      return { entry: directoryEntry(entry.path, options), open: nothing };
    case 'symlink':
      return {
        entry: symlinkEntry(entry.path, entry.target, { ...options, mode: 0o777 }),
        open: nothing,
      };
    case 'hardlink':
      return {
        entry: hardlinkEntry(entry.path, entry.target, { ...options, pax: new Map() }),
        open: nothing,
      };
    case 'file':
      return {
        entry: fileEntry(entry.path, entry.sizeBytes, options),
        sha1Hex: entry.sha1,
        open: () => entry.open(),
      };
    case 'special':
      return {
        entry: { ...fileEntry(entry.path, 0, options), type: typeOf(entry) },
        open: nothing,
      };
  }
}

/** Only the dialect `melange` lets fifos and devices come this far, and devices without their numbers. */
function typeOf({ what, path }: Extract<TreeEntry, { kind: 'special' }>): TarEntryType {
  if (what === 'socket') throw new Error(`assertion failed: a socket in a package: ${path}`);
  return what;
}

function entryOptions(entry: TreeEntry, plan: BuildPlan): EntryOptions {
  const { owners, sourceDateEpoch } = plan;
  const builder = builderOf(plan);
  const uid = entry.uid === builder.uid ? 0 : entry.uid;
  const gid = entry.gid === builder.gid ? 0 : entry.gid;
  return {
    mode: entry.mode,
    uid,
    gid,
    userName: uid === 0 ? 'root' : (owners?.users.get(uid) ?? ''),
    groupName: gid === 0 ? 'root' : (owners?.groups.get(gid) ?? ''),
    mtimeSeconds: sourceDateEpoch,
    pax: new Map([...entry.xattrs].map(([name, value]) => [`SCHILY.xattr.${name}`, value])),
  };
}

/** Whose files become root's: the account that steps run as; for melange the one that the recipe calls `build`. */
export function builderOf({ compiled }: Pick<BuildPlan, 'compiled'>): {
  readonly uid: number;
  readonly gid: number;
} {
  if (compiled.recipe.dialect === 'kiln') return { uid: guestUser, gid: guestUser };
  const { users, groups } = compiled.environment.accounts;
  return {
    uid: users.findLast(({ userName }) => userName === 'build')?.uid ?? guestUser,
    gid: groups.findLast(({ groupName }) => groupName === 'build')?.gid ?? guestUser,
  };
}
