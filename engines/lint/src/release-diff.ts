import type { PackageInfo } from '@kiln/apk';
import { compareBytes, shorten, sortUnique } from '@kiln/base';
import { fileAt, type PackageTree } from '@kiln/build';
import { capabilitiesIn } from './capability-names.ts';
import { inSbomDirectory } from './finding.ts';

/** A package as it was, or is about to be, published. */
export interface ReleasedPackage {
  readonly info: Pick<PackageInfo, 'name' | 'provides' | 'installedSizeBytes' | 'licenses'>;
  /** Everything but directories and the SBOM, whose name has the version in it. */
  readonly files: readonly ReleasedFile[];
}

export interface ReleasedFile {
  readonly path: string;
  /** Permission bits with setuid, setgid and sticky; 0 for what is no regular file. */
  readonly mode: number;
  /** Names of the capabilities that running it gives. */
  readonly capabilities: readonly string[];
}

/** The part of a tree that releases are compared by. */
export function releasedFiles(tree: PackageTree): readonly ReleasedFile[] {
  return tree.entries
    .filter(({ kind, path }) => kind !== 'directory' && !inSbomDirectory(path))
    .map(({ path, mode }) => {
      const file = fileAt(tree, path);
      const attribute = file?.xattrs.get('security.capability');
      return {
        path,
        mode: file === undefined ? 0 : mode,
        capabilities: attribute === undefined ? [] : capabilitiesIn(attribute),
      };
    });
}

export type ReleaseFindingKind =
  | 'removed-package'
  | 'removed-soname'
  | 'removed-command'
  | 'removed-module'
  | 'removed-provide'
  | 'removed-files'
  | 'new-setuid'
  | 'new-setgid'
  | 'new-capability'
  | 'size-jump'
  | 'changed-licence';

export interface ReleaseFinding {
  /** `<kind>:<package>[:<subject>]`, the same for the same change: what a recipe acknowledges. */
  readonly id: string;
  readonly kind: ReleaseFindingKind;
  readonly packageName: string;
  readonly message: string;
  readonly acknowledged: boolean;
}

export interface ReleaseDiff {
  /** Sorted by id. */
  readonly findings: readonly ReleaseFinding[];
  /** What the recipe acknowledges and did not happen. */
  readonly unused: readonly string[];
}

export interface ReleaseDiffRequest {
  /** The packages of a recipe as they are published; none for a first release. */
  readonly previous: readonly ReleasedPackage[];
  /** The packages that the recipe gives now. */
  readonly next: readonly ReleasedPackage[];
  /** Ids of findings that somebody looked at and wants. */
  readonly acknowledged: readonly string[];
}

/**
 * What a release takes away from those who use the published one, and what it may do that the published one may not. What only
 * moves between packages of the recipe is neither.
 */
export function diffRelease({ previous, next, acknowledged }: ReleaseDiffRequest): ReleaseDiff {
  const known = new Set(acknowledged);
  const found =
    previous.length === 0
      ? []
      : [
          ...removedPackages(previous, next),
          ...removedProvides(previous, next),
          ...newPrivileges(previous, next),
          ...previous.flatMap((one) => changedSize(one, next)),
          ...previous.flatMap((one) => changedLicence(one, next)),
        ];
  const findings = found
    .map(({ kind, packageName, subject, message }) => {
      const id = [kind, packageName, ...(subject === undefined ? [] : [subject])].join(':');
      return { id, kind, packageName, message, acknowledged: known.has(id) };
    })
    .sort((a, b) => compareBytes(a.id, b.id));
  const ids = new Set(findings.map(({ id }) => id));
  return { findings, unused: acknowledged.filter((id) => !ids.has(id)) };
}

interface Change {
  readonly kind: ReleaseFindingKind;
  readonly packageName: string;
  readonly subject?: string;
  readonly message: string;
}

function removedPackages(
  previous: readonly ReleasedPackage[],
  next: readonly ReleasedPackage[],
): readonly Change[] {
  const names = new Set(next.map(({ info }) => info.name));
  return previous
    .filter(({ info }) => !names.has(info.name))
    .map(({ info: { name } }) => ({
      kind: 'removed-package',
      packageName: name,
      message: `the package "${name}" is not built any more`,
    }));
}

const provideKinds: readonly (readonly [prefix: string, ReleaseFindingKind, what: string])[] = [
  ['so:', 'removed-soname', 'library'],
  ['cmd:', 'removed-command', 'command'],
  ['pc:', 'removed-module', 'module of pkg-config'],
  ['', 'removed-provide', 'name'],
];

function removedProvides(
  previous: readonly ReleasedPackage[],
  next: readonly ReleasedPackage[],
): readonly Change[] {
  const provided = new Set(next.flatMap(({ info }) => [info.name, ...info.provides.map(nameOf)]));
  return previous.flatMap(({ info }) =>
    [...new Set(info.provides.map(nameOf))]
      .filter((name) => !provided.has(name) && !name.startsWith('so-ver:'))
      .map((name) => removedProvide(info.name, name)),
  );
}

function removedProvide(packageName: string, provide: string): Change {
  const [prefix, kind, what] = provideKinds.find(([start]) => provide.startsWith(start)) ?? [
    '',
    'removed-provide' as const,
    'name',
  ];
  const subject = provide.slice(prefix.length);
  return {
    kind,
    packageName,
    subject,
    message: `no package provides the ${what} "${subject}" any more`,
  };
}

/** The text before a version. */
function nameOf(provide: string): string {
  return provide.split(/[=<>~]/)[0] ?? '';
}

/** A file may do only what a file of its path may in the published release. */
function newPrivileges(
  previous: readonly ReleasedPackage[],
  next: readonly ReleasedPackage[],
): readonly Change[] {
  const before = new Set(
    previous.flatMap(({ files }) =>
      files.flatMap((file) => privilegesOf(file).map(({ id }) => `${file.path}\0${id}`)),
    ),
  );
  return next.flatMap(({ info, files }) =>
    files.flatMap((file) =>
      privilegesOf(file)
        .filter(({ id }) => !before.has(`${file.path}\0${id}`))
        .map(({ kind, name, what }) => ({
          kind,
          packageName: info.name,
          subject: name === undefined ? file.path : `${file.path}:${name}`,
          message: `"${file.path}" ${what}, which it did not before`,
        })),
    ),
  );
}

interface Privilege {
  readonly kind: ReleaseFindingKind;
  readonly id: string;
  /** Of the capability. */
  readonly name?: string;
  readonly what: string;
}

function privilegesOf({ mode, capabilities }: ReleasedFile): readonly Privilege[] {
  const bits: Privilege[] = [];
  if ((mode & 0o4000) !== 0)
    bits.push({ kind: 'new-setuid', id: 'setuid', what: 'runs as its owner' });
  if ((mode & 0o2000) !== 0)
    bits.push({ kind: 'new-setgid', id: 'setgid', what: 'runs as its group' });
  return [
    ...bits,
    ...capabilities.map((name): Privilege => ({
      kind: 'new-capability',
      id: name,
      name,
      what: `has the capability ${name}`,
    })),
  ];
}

/** Above both a change is worth a look. */
const shareMax = 0.2;
const growthBytesMax = 1024 * 1024;

/** Below this a package loses files with every other release. */
const removedFilesMin = 10;

function changedSize(before: ReleasedPackage, next: readonly ReleasedPackage[]): readonly Change[] {
  const { name: packageName, installedSizeBytes: sizeBefore } = before.info;
  const after = next.find(({ info }) => info.name === packageName);
  if (after === undefined) return [];
  const changes: Change[] = [];
  const size = after.info.installedSizeBytes;
  const growth = Math.abs(size - sizeBefore);
  if (growth > growthBytesMax && growth > sizeBefore * shareMax) {
    const message = `the installed size goes from ${sizeBefore} to ${size} bytes`;
    changes.push({ kind: 'size-jump', packageName, message });
  }
  const present = new Set(next.flatMap(({ files }) => files.map(({ path }) => path)));
  const gone = before.files.filter(({ path }) => !present.has(path)).map(({ path }) => path);
  if (gone.length >= removedFilesMin && gone.length > before.files.length * shareMax) {
    const some = gone.slice(0, 3).map((path) => `"${path}"`);
    const message = `${gone.length} of ${before.files.length} files are gone, among them ${some.join(', ')}`;
    changes.push({ kind: 'removed-files', packageName, message });
  }
  return changes;
}

/** Whoever may use the published one has to look again. */
function changedLicence(
  { info: { name: packageName, licenses } }: ReleasedPackage,
  next: readonly ReleasedPackage[],
): readonly Change[] {
  const after = next.find(({ info }) => info.name === packageName)?.info.licenses;
  const [from, to] = [licenses, after ?? licenses].map((one) => sortUnique(one).join(' AND '));
  if (from === to) return [];
  const message = `the licence goes from "${shorten(from ?? '')}" to "${shorten(to ?? '')}"`;
  return [{ kind: 'changed-licence', packageName, message }];
}
