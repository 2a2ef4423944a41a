import type { ElfLinkage, GoBuildInfo } from '@kiln/elf';
import {
  baseNameOf,
  cleanPath,
  directoryOf,
  fileAt,
  lastPartOf,
  resolveFile,
  resolveInArchive,
  resolvePath,
  type LinkedTree,
} from '../tree.ts';
import { isLibraryDirectory } from './library-directories.ts';
import type { LibraryVersions } from './library-versions.ts';
import type { Finding } from './relations.ts';
import type { AnalysedTree, Dialect, TreePlace } from './subject.ts';

export interface SharedObjectsRequest {
  readonly subject: AnalysedTree;
  /** All packages of the recipe, in order, the subject included. */
  readonly relatives: readonly AnalysedTree[];
  readonly libraryDirectories: ReadonlySet<string>;
  /** Full version. */
  readonly version: string;
  /** Undefined: no `so-ver:` dependencies. */
  readonly libraryVersions: LibraryVersions | undefined;
  readonly dialect: Dialect;
  readonly place: TreePlace;
}

/**
 * Shared libraries that the package needs (`so:`, and `so-ver:` where asked) and has (`so:` and `so-ver:`).
 *
 * A symbolic link whose path says `.so` needs the library of the recipe that it leads to, whichever package holds it. An
 * ELF file, or a link to one inside the package, needs its interpreter and the libraries with a version in their name;
 * unless it is a program it also is the library that it says it is, for everybody where the loader looks, else for the
 * package alone. Go programs that use OpenSSL for their cryptography load it at run time.
 */
export function sharedObjects(request: SharedObjectsRequest): Finding {
  const { subject, libraryDirectories, version, dialect } = request;
  const search: Search = { ...request, around: beside(request.relatives) };
  const runtime: string[] = [];
  const provides: string[] = [];
  const vendored: string[] = [];
  for (const entry of subject.tree.entries) {
    if (entry.kind === 'symlink' && entry.path.includes('.so'))
      runtime.push(
        ...linkedLibraries(search, entry.target).flatMap((name) => needs(request, name)),
      );
    if (entry.kind === 'directory' || entry.kind === 'special') continue;
    const place = placeOf(search, subject, entry.path);
    const path = place === undefined ? undefined : filePathAt(place);
    const elves = place?.relative.elves;
    const elf = path === undefined ? undefined : elves?.linkage.get(path);
    if (path === undefined || elf === undefined) continue;
    if (elf.interpreter !== undefined) runtime.push(interpreterOf(elf.interpreter));
    runtime.push(...neededLibraries(elf).flatMap((name) => needs(request, name)));
    const sonames = exportedNames(elf, baseNameOf(entry.path)).flatMap((soname) => [
      `so:${soname}=${libraryVersion(soname, dialect)}`,
      `so-ver:${soname}=${version}`,
    ]);
    (isLibraryDirectory(libraryDirectories, directoryOf(entry.path), dialect)
      ? provides
      : vendored
    ).push(...sonames);
    const goBuild = elves?.goBuilds.get(path);
    if (goBuild !== undefined && usesOpenSsl(goBuild, dialect))
      runtime.push('openssl-config-fipshardened', 'so:libcrypto.so.3');
  }
  return { runtime, provides, vendored };
}

/** The names of the libraries that the packages of a recipe give to others. */
export function ownLibraries(
  relatives: readonly AnalysedTree[],
  libraryDirectories: ReadonlySet<string>,
): ReadonlySet<string> {
  const names = relatives.flatMap(({ tree, elves }) =>
    tree.entries
      .filter(({ path }) => libraryDirectories.has(directoryOf(path)))
      .flatMap(({ path }) => {
        const elf = elves.linkage.get(resolveFile(tree, path)?.path ?? '');
        return elf === undefined ? [] : exportedNames(elf, baseNameOf(path));
      }),
  );
  return new Set(names);
}

interface Search extends SharedObjectsRequest {
  /** The packages of the recipe in one tree, each in the folder of its name. */
  readonly around: LinkedTree;
}

interface Place {
  readonly relative: AnalysedTree;
  readonly path: string;
}

/**
 * Where a path of a package leads to, links followed. To melange an absolute link leads out of the package, and one that
 * climbs out of it to the packages beside.
 */
function placeOf(
  { relatives, around, dialect, place }: Search,
  relative: AnalysedTree,
  path: string,
): Place | undefined {
  const { tree } = relative;
  const { kind } = tree.byPath.get(path) ?? {};
  if (kind === 'file' || kind === 'hardlink') return { relative, path };
  if (dialect === 'kiln' || place === 'archive') {
    const found = dialect === 'kiln' ? resolvePath(tree, path) : resolveInArchive(tree, path);
    return found === undefined ? undefined : { relative, path: found };
  }
  const found = resolvePath(around, `${tree.packageName}/${path}`, { absolute: 'outside' });
  if (found === undefined) return undefined;
  const [name, below] = apart(found);
  const other = relatives.find((one) => one.tree.packageName === name);
  return other === undefined ? undefined : { relative: other, path: below };
}

/** The path of the file that is there, hard links followed; undefined for everything else. */
function filePathAt({ relative, path }: Place): string | undefined {
  return fileAt(relative.tree, path)?.path;
}

function beside(relatives: readonly AnalysedTree[]): LinkedTree {
  const trees = new Map(relatives.map(({ tree }) => [tree.packageName, tree]));
  const get: LinkedTree['byPath']['get'] = (path) => {
    const [name, below] = apart(path);
    return trees.get(name)?.byPath.get(below);
  };
  return { byPath: { get, has: (path) => get(path) !== undefined } };
}

function apart(path: string): readonly [packageName: string, below: string] {
  const [name = '', ...rest] = path.split('/');
  return [name, rest.join('/')];
}

/** The own names of the first file of that name where the loader looks, over the packages of the recipe in order. */
function linkedLibraries(search: Search, target: string): readonly string[] {
  const name = baseNameOf(target.replace(/\/+$/, ''));
  if (name === '' || name === '.' || name === '..') return [];
  for (const relative of search.relatives) {
    for (const directory of search.libraryDirectories) {
      const path = cleanPath(`${directory}/${name}`);
      const place = placeOf(search, relative, path);
      // In an archive there is a link wherever it leads.
      if (search.place === 'archive' && relative.tree.byPath.has(path) && place === undefined)
        return [];
      if (place === undefined) continue;
      const elf = place.relative.elves.linkage.get(filePathAt(place) ?? '');
      return (elf?.sonames ?? []).filter((soname) => !fromHost.has(soname));
    }
  }
  return [];
}

/** Loaders whose version nothing should depend on: whatever links to libc would have to be built again with it. */
const loaders = ['ld-linux-x86-64.so', 'ld-linux-aarch64.so'];

function needs({ libraryVersions }: SharedObjectsRequest, soname: string): readonly string[] {
  const version = loaders.some((loader) => soname.startsWith(loader))
    ? undefined
    : libraryVersions?.versionOf(soname);
  return version === undefined
    ? [`so:${soname}`]
    : [`so:${soname}`, `so-ver:${soname}>=${version}`];
}

/** The loader of musl is a link to its C library, which is what the package has. */
function interpreterOf(path: string): string {
  return `so:${lastPartOf(path)}`.replaceAll('so:ld-musl', 'so:libc.musl');
}

function neededLibraries(elf: ElfLinkage): readonly string[] {
  return elf.needed.filter((name) => name.includes('.so.') && !fromHost.has(name));
}

/** A program has no library name to give, though some linkers write one; libc can be run, and is a library by its name. */
function exportedNames(elf: ElfLinkage, fileName: string): readonly string[] {
  const library =
    elf.interpreter === undefined || fileName.includes('.so.') || fileName.endsWith('.so');
  return library ? elf.sonames.filter((soname) => !fromHost.has(soname)) : [];
}

/** What stands behind the first `.so.` when it is digits and dots, else 0; melange takes nothing for a version, too. */
function libraryVersion(soname: string, dialect: Dialect): string {
  const version = soname.split('.so.')[1];
  if (version === '' && dialect === 'melange') return '';
  return version !== undefined && /^[0-9.]+$/.test(version) ? version : '0';
}

const openSslExperiments = ['boringcrypto', 'systemcrypto', 'opensslcrypto'];

/** Experiments are a list; melange knows one that stands alone. */
function usesOpenSsl({ settings }: GoBuildInfo, dialect: Dialect): boolean {
  const experiment = settings.get('GOEXPERIMENT') ?? '';
  const experiments = dialect === 'melange' ? [experiment] : experiment.split(',');
  const fips =
    experiments.some((name) => openSslExperiments.includes(name)) ||
    settings.get('microsoft_systemcrypto') === '1';
  return fips && settings.get('CGO_ENABLED') === '1';
}

/** Libraries of a graphics driver that the host puts into containers: never depended on and never provided. */
const fromHost: ReadonlySet<string> = new Set(
  `EGL_nvidia GLESv1_CM_nvidia GLESv2_nvidia GLX_nvidia cuda cudadebugger nvcuvid nvoptix
  nvidia-allocator nvidia-cfg nvidia-eglcore nvidia-encode nvidia-fbc nvidia-glcore nvidia-glsi nvidia-glvkspirv
  nvidia-gpucomp nvidia-ml nvidia-ngx nvidia-nvvm nvidia-opencl nvidia-opticalflow nvidia-pkcs11-openssl3 nvidia-pkcs11
  nvidia-ptxjitcompiler nvidia-rtcore nvidia-tls`
    .split(/\s+/)
    .map((name) => `lib${name}.so.1`),
);
