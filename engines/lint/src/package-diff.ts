import type { PackageInfo } from '@kiln/apk';
import { compareBytes, sortUnique } from '@kiln/base';
import type { PackageTree, TreeEntry } from '@kiln/build';
import { capabilitiesIn } from './capability-names.ts';
import { inSbomDirectory } from './finding.ts';
import {
  diffRelease,
  releasedFiles,
  type ReleasedPackage,
  type ReleaseFinding,
} from './release-diff.ts';

/** A package whose data have been read. */
export interface WholePackage {
  readonly info: PackageInfo;
  readonly tree: PackageTree;
}

export type RelationKind = 'depends' | 'provides' | 'replaces' | 'installIf' | 'triggers';

/** How one package differs from another; nothing of it means that they install the same. */
export interface PackageDiff {
  /** Facts of `.PKGINFO` with one value; neither version nor date, of which each build has its own. */
  readonly facts: readonly { readonly name: string; readonly from: string; readonly to: string }[];
  /** Sorted by kind. A relation that names the package's own version is the same for another version. */
  readonly relations: readonly RelationChange[];
  /** Sorted by path; without the SBOM. */
  readonly files: readonly FileChange[];
  /** What those lose who have the first one and get the second, as `kiln.acknowledge` takes it; of packages of one name. */
  readonly findings: readonly Omit<ReleaseFinding, 'acknowledged'>[];
}

export interface RelationChange {
  readonly kind: RelationKind;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

export interface FileChange {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Of a change: what differs, such as `mode 0755, was 0644`. */
  readonly details: readonly string[];
}

const relationKinds: readonly RelationKind[] = [
  'depends',
  'installIf',
  'provides',
  'replaces',
  'triggers',
];

/** Compares two packages, which may be two versions of one or any two. */
export function diffPackages(before: WholePackage, after: WholePackage): PackageDiff {
  return {
    facts: factChanges(before.info, after.info),
    relations: relationKinds.flatMap((kind) => relationChanges(kind, before.info, after.info)),
    files: fileChanges(before.tree, after.tree),
    findings: before.info.name === after.info.name ? findingsOf(before, after) : [],
  };
}

function factChanges(before: PackageInfo, after: PackageInfo): PackageDiff['facts'] {
  const [from, to] = [factsOf(before), factsOf(after)];
  return Object.keys(from)
    .map((name) => ({ name, from: from[name] ?? '', to: to[name] ?? '' }))
    .filter((one) => one.from !== one.to);
}

function factsOf(info: PackageInfo): Readonly<Record<string, string>> {
  return {
    name: info.name,
    arch: info.arch,
    origin: info.origin,
    description: info.description,
    url: info.url,
    maintainer: info.maintainer,
    licence: sortUnique(info.licenses).join(' AND '),
    'installed size': String(info.installedSizeBytes),
    'provider priority': String(info.providerPriority ?? ''),
    'replaces priority': String(info.replacesPriority ?? ''),
  };
}

function relationChanges(
  kind: RelationKind,
  before: PackageInfo,
  after: PackageInfo,
): readonly RelationChange[] {
  const from = new Map(before[kind].map((text) => [withoutOwn(text, before), text]));
  const to = new Map(after[kind].map((text) => [withoutOwn(text, after), text]));
  const missing = (of: typeof from, where: typeof from): readonly string[] =>
    sortUnique([...of].filter(([key]) => !where.has(key)).map(([, text]) => text));
  const [removed, added] = [missing(from, to), missing(to, from)];
  return removed.length + added.length === 0 ? [] : [{ kind, removed, added }];
}

/** A relation with a mark in the place of the package's own version. */
function withoutOwn(relation: string, { version }: PackageInfo): string {
  return relation.endsWith(`=${version}`) ? `${relation.slice(0, -version.length)}\0` : relation;
}

function fileChanges(before: PackageTree, after: PackageTree): readonly FileChange[] {
  const paths = sortUnique([...before.byPath.keys(), ...after.byPath.keys()]);
  return paths
    .filter((path) => !inSbomDirectory(path))
    .flatMap((path) => fileChange(path, before.byPath.get(path), after.byPath.get(path)))
    .sort((a, b) => compareBytes(a.path, b.path));
}

function fileChange(
  path: string,
  before: TreeEntry | undefined,
  after: TreeEntry | undefined,
): readonly FileChange[] {
  if (after === undefined) return [{ path, change: 'removed', details: [] }];
  if (before === undefined) return [{ path, change: 'added', details: [] }];
  const [from, to] = [entryFacts(before), entryFacts(after)];
  const details = sortUnique([...Object.keys(from), ...Object.keys(to)])
    .filter((name) => from[name] !== to[name])
    .map((name) => `${name} ${to[name] ?? 'none'}, was ${from[name] ?? 'none'}`);
  return details.length === 0 ? [] : [{ path, change: 'changed', details }];
}

function entryFacts(entry: TreeEntry): Readonly<Record<string, string>> {
  const { kind, mode, uid, gid, xattrs } = entry;
  const capabilities = xattrs.get('security.capability');
  const attributes = [...xattrs]
    .filter(([name]) => name !== 'security.capability')
    .map(([name, value]) => `${name}=${Buffer.from(value).toString('hex')}`)
    .sort(compareBytes);
  return {
    kind,
    owner: `${uid}:${gid}`,
    // Links have no mode of their own.
    ...(kind === 'symlink' ? {} : { mode: mode.toString(8).padStart(4, '0') }),
    ...(kind === 'file' ? { sha1: entry.sha1, size: String(entry.sizeBytes) } : {}),
    ...('target' in entry ? { target: entry.target } : {}),
    ...(capabilities === undefined ? {} : { capabilities: capabilitiesIn(capabilities).join(' ') }),
    ...(attributes.length === 0 ? {} : { attributes: attributes.join(' ') }),
  };
}

function findingsOf(before: WholePackage, after: WholePackage): PackageDiff['findings'] {
  const released = ({ info, tree }: WholePackage): ReleasedPackage => ({
    info,
    files: releasedFiles(tree),
  });
  const diff = diffRelease({
    previous: [released(before)],
    next: [released(after)],
    acknowledged: [],
  });
  return diff.findings.map(({ acknowledged: _none, ...finding }) => finding);
}
