import { basename, dirname } from 'node:path/posix';
import { counted } from '@kiln/base';
import type { Dialect, PackageTree, TreeEntry } from '@kiln/build';
import type { LinterName } from './catalogue.ts';
import type { Linter, LintSubject } from './finding.ts';

interface PathRule {
  /** Packages whose names end so are spared. */
  readonly spared?: readonly string[];
  matches(path: string, context: RuleContext): boolean;
  /** Whether directories are looked at, too. */
  readonly directories?: boolean;
  message(name: string, count: number, subject: LintSubject): string;
}

interface RuleContext {
  readonly entry: TreeEntry;
  readonly tree: PackageTree;
  readonly dialect: Dialect;
}

const below =
  (directory: string) =>
  (path: string): boolean =>
    path.startsWith(directory);

const named =
  (extension: string) =>
  (path: string): boolean =>
    basename(path).endsWith(extension);

const manualPage = /^usr\/(?:(?:local\/)?share\/)?man(?:\/man[0-9][^/]*)?(?:\/[^/]+\.[0-9][^/]*)?$/;
const infoPage =
  /^usr\/(?:local\/)?share\/info\/(?:dir|[^/]+\.info(?:-[0-9]+)?(?:\.(?:gz|bz2|xz|lzma|Z))?)$/;
// Written so that a list of things to do is not taken for one of this repository's own.
const documentationFile = /(?:READ(?:\.?ME)?|TO[D]O|CREDITS|\.(?:md|docx?|rst|[0-9][a-z]))$/;

const rules: Readonly<Partial<Record<LinterName, PathRule>>> = {
  cudaruntimelib: {
    matches: (path) => /^usr\/lib\/lib(?:cuda|nvidia-ml)\.so(?:\.[0-9]+)*$/.test(path),
    message: (name) => `${name} contains CUDA driver-specific libraries`,
  },
  dev: { matches: below('dev/'), message: (name) => `${name} writes to /dev` },
  dll: {
    spared: ['-dev'],
    matches: named('.dll'),
    message: (name, count) => `${name} contains ${counted(count, 'DLL file')}`,
  },
  documentation: {
    spared: ['-doc'],
    matches: (path) => documentationFile.test(path),
    message: (name, count) =>
      `${name} contains ${counted(count, 'documentation file')} but is not a documentation package`,
  },
  dylib: {
    spared: ['-dev'],
    matches: named('.dylib'),
    message: (name, count) => `${name} contains ${counted(count, 'dylib file')}`,
  },
  infodir: {
    // melange misses the very file that packages must not share.
    matches: (path, { dialect }) =>
      path.startsWith('usr/share/info/dir/') ||
      (dialect === 'kiln' && path === 'usr/share/info/dir'),
    message: (name) => `${name} writes to /usr/share/info/dir/`,
  },
  lddcheck: {
    matches: (path) => /\.so(?:\.[0-9]+)*$/.test(path),
    message: (name, _count, { facts }) =>
      facts.testPipelines === undefined
        ? `${name} contains shared objects but missing .melange.yaml`
        : `${name} contains shared objects but test/ldd-check is not configured`,
  },
  'libtool/la-files': {
    matches: named('.la'),
    message: (name, count) =>
      `${name} contains ${counted(count, 'libtool archive (.la) file')}. Remove them in the build pipeline; if this package legitimately needs to ship .la files, disable this linter via checks.disabled`,
  },
  maninfo: {
    spared: ['-doc'],
    matches: (path) => manualPage.test(path) || infoPage.test(path),
    message: (name, count) =>
      `${name} contains ${counted(count, 'man/info file')} but is not a documentation package`,
  },
  object: {
    matches: named('.o'),
    message: (name, count) =>
      `${name} contains ${counted(count, 'intermediate object file')}. This is usually wrong. In most cases they should be removed`,
  },
  opt: {
    spared: ['-compat'],
    matches: below('opt/'),
    message: (name) => `${name} writes to /opt`,
  },
  pkgconf: {
    matches: (path) => /^usr\/(?:lib|share)\/pkgconfig\//.test(path),
    message: (name, _count, { facts }) =>
      facts.testPipelines === undefined
        ? `${name} contains pkgconfig files but missing .melange.yaml`
        : `${name} contains pkgconfig files but test/pkgconf is not configured`,
  },
  sbom: {
    matches: (path) => dirname(path) === 'var/lib/db/sbom' && !path.endsWith('.spdx.json'),
    message: (name) => `${name} writes to var/lib/db/sbom`,
  },
  srv: {
    spared: ['-compat'],
    matches: below('srv/'),
    message: (name) => `${name} writes to /srv`,
  },
  staticarchive: {
    spared: ['-dev', '-static'],
    matches: named('.a'),
    message: (name, count) =>
      `${name} contains ${counted(count, 'static archive')}. Static archives bloat packages and should typically be in -dev packages or removed`,
  },
  tempdir: {
    directories: true,
    matches: isTemporary,
    message: (name) => `${name} writes to a temp dir`,
  },
  usrlocal: {
    spared: ['-compat'],
    matches: below('usr/local/'),
    message: (name) => `${name} contains /usr/local path in non-compat package`,
  },
  varempty: { matches: below('var/empty/'), message: (name) => `${name} writes to /var/empty` },
};

/** Directories below `run` may be in a package that has the system make them, too. */
function isTemporary(path: string, { entry, tree }: RuleContext): boolean {
  if (path.startsWith('var/run/')) return true;
  const isDirectory = entry.kind === 'directory';
  if (/^(?:var\/)?tmp\//.test(path)) return !isDirectory;
  if (!path.startsWith('run/')) return false;
  return (
    !isDirectory || !tree.entries.some((other) => other.path.startsWith('usr/lib/tmpfiles.d/'))
  );
}

/** Tests that make a linter needless. */
const satisfying: Readonly<Partial<Record<LinterName, readonly string[]>>> = {
  lddcheck: ['test/ldd-check', 'test/tw/ldd-check'],
  pkgconf: ['test/pkgconf'],
};

function linterOf(name: LinterName, rule: PathRule): Linter {
  return (subject) => {
    const { tree, facts, dialect } = subject;
    if (rule.spared?.some((end) => tree.packageName.endsWith(end)) === true) return undefined;
    if (satisfying[name]?.some((test) => facts.testPipelines?.includes(test)) === true)
      return undefined;
    const paths = tree.entries
      .filter((entry) => rule.directories === true || entry.kind !== 'directory')
      .filter((entry) => rule.matches(entry.path, { entry, tree, dialect }))
      .map(({ path }) => path);
    if (paths.length === 0) return undefined;
    return { message: rule.message(tree.packageName, paths.length, subject), details: { paths } };
  };
}

/** Linters that look at nothing but paths, and tell which. */
export const pathLinters: ReadonlyMap<string, Linter> = new Map(
  Object.entries(rules).map(([name, rule]) => [name, linterOf(name as LinterName, rule)]),
);
