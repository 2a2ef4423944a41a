import type { ElfFile } from '@kiln/elf';
import type { ElfFiles } from './elf-files.ts';
import type { GeneratedRelations } from './relations.ts';
import { baseNameOf, directoryOf, resolveFile, type PackageTree } from './tree.ts';

/** A package of the recipe as analysis sees it. */
export interface AnalysedTree {
  readonly tree: PackageTree;
  readonly elves: ElfFiles;
}

export interface SharedObjectsRequest {
  readonly subject: AnalysedTree;
  /** All packages of the recipe, in order, the subject included. */
  readonly relatives: readonly AnalysedTree[];
  readonly libraryDirectories: ReadonlySet<string>;
  /** Full version. */
  readonly version: string;
}

const standardDirectories = ['lib', 'usr/lib', 'lib64', 'usr/lib64'];

const configurationBytesMax = 64 * 1024;

/** Where the loader looks: the usual directories and what any package's `etc/ld.so.conf.d/*.conf` names. */
export async function libraryDirectoriesOf(
  relatives: readonly PackageTree[],
): Promise<ReadonlySet<string>> {
  const directories = new Set(standardDirectories);
  for (const tree of relatives) {
    for (const entry of tree.entries) {
      if (entry.kind !== 'file' || !/^etc\/ld\.so\.conf\.d\/[^/]*\.conf$/.test(entry.path))
        continue;
      const text = Buffer.from(await entry.range(0, configurationBytesMax)).toString('utf8');
      for (const line of text.split('\n'))
        if (line.startsWith('/')) directories.add(line.slice(1).trim().replace(/\/+$/, ''));
    }
  }
  return directories;
}

/** Libraries of a graphics driver that the host supplies: never depended on and never provided. */
const driverLibrary =
  /^(?:libcuda|libcudadebugger|libnvcuvid|libnvoptix|libnvidia-[a-z0-9-]+|lib(?:EGL|GLX|GLESv1_CM|GLESv2)_nvidia)\.so\.[0-9]+$/;

/** Shared libraries that the package needs (`so:`) and has (`so:` and `so-ver:`). */
export function sharedObjects(request: SharedObjectsRequest): GeneratedRelations {
  const runtime: string[] = [];
  const provides: string[] = [];
  const vendored: string[] = [];
  for (const entry of request.subject.tree.entries) {
    if (entry.kind === 'symlink' && entry.path.includes('.so'))
      runtime.push(...linkDependencies(request, entry.target));
    if (entry.kind === 'directory' || entry.kind === 'special') continue;
    const file = resolveFile(request.subject.tree, entry.path);
    const elf = file === undefined ? undefined : request.subject.elves.byPath.get(file.path);
    if (elf === undefined) continue;
    runtime.push(...loadDependencies(elf));
    for (const soname of exportedNames(elf, baseNameOf(entry.path))) {
      const names = [
        `so:${soname}=${libraryVersion(soname)}`,
        `so-ver:${soname}=${request.version}`,
      ];
      (request.libraryDirectories.has(directoryOf(entry.path)) ? provides : vendored).push(
        ...names,
      );
    }
  }
  return { runtime, provides, vendored };
}

/** A link such as `libz.so` depends on the library of the recipe that it leads to. */
function linkDependencies(request: SharedObjectsRequest, target: string): readonly string[] {
  const name = baseNameOf(target);
  for (const { tree, elves } of request.relatives) {
    for (const directory of request.libraryDirectories) {
      const file = resolveFile(tree, `${directory}/${name}`);
      const elf = file === undefined ? undefined : elves.byPath.get(file.path);
      if (elf !== undefined && elf.sonames.length > 0)
        return elf.sonames.map((soname) => `so:${soname}`);
    }
  }
  return [];
}

function loadDependencies(elf: ElfFile): readonly string[] {
  const libraries = elf.needed
    .filter((name) => name.includes('.so.') && !driverLibrary.test(name))
    .map((name) => `so:${name}`);
  if (elf.interpreter === undefined) return libraries;
  const loader = baseNameOf(elf.interpreter).replace(/^ld-musl/, 'libc.musl');
  return [`so:${loader}`, ...libraries];
}

function exportedNames(elf: ElfFile, fileName: string): readonly string[] {
  const library =
    elf.interpreter === undefined || fileName.includes('.so.') || fileName.endsWith('.so');
  return library ? elf.sonames.filter((soname) => !driverLibrary.test(soname)) : [];
}

/** What follows the first `.so.` when it is digits and dots, else 0. */
function libraryVersion(soname: string): string {
  const at = soname.indexOf('.so.');
  const version = at < 0 ? '' : soname.slice(at + 4);
  return /^[0-9.]+$/.test(version) ? version : '0';
}
