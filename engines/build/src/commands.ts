import type { GeneratedRelations } from './relations.ts';
import { baseNameOf, directoryOf, type FileEntry, type PackageTree } from './tree.ts';

const commandDirectories = new Set(['bin', 'sbin', 'usr/bin', 'usr/sbin']);

/** Programs that the package has: regular files in a command directory that everyone may read and run. */
export function commands(tree: PackageTree, version: string): GeneratedRelations {
  const provides = tree.entries
    .filter(
      (entry) =>
        (entry.kind === 'file' || entry.kind === 'hardlink') &&
        commandDirectories.has(directoryOf(entry.path)) &&
        (entry.mode & 0o555) === 0o555,
    )
    .map((entry) => `cmd:${baseNameOf(entry.path)}=${version}`);
  return { runtime: [], provides, vendored: [] };
}

const scriptDirectories = ['usr/bin/', 'usr/local/bin/', 'usr/local/sbin/'];

const everywhere = new Set(['sh', 'python', 'python3', 'awk', 'luajit']);

/** Interpreters that the package's scripts name on their first line. */
export async function shebangs(tree: PackageTree): Promise<GeneratedRelations> {
  const runtime: string[] = [];
  for (const entry of tree.entries) {
    if (
      entry.kind !== 'file' ||
      !scriptDirectories.some((directory) => entry.path.startsWith(directory))
    )
      continue;
    const interpreter = await interpreterOf(entry);
    if (interpreter !== undefined && !everywhere.has(interpreter))
      runtime.push(`cmd:${interpreter}`);
  }
  return { runtime, provides: [], vendored: [] };
}

async function interpreterOf(entry: FileEntry): Promise<string | undefined> {
  const start = Buffer.from(await entry.range(0, 80)).toString('latin1');
  if (!start.startsWith('#!')) return undefined;
  const words = (start.slice(2).split('\n')[0] ?? '').split(/\s+/).filter((word) => word !== '');
  const [program, first, second] = words;
  if (program === undefined) return undefined;
  if (baseNameOf(program) !== 'env') return baseNameOf(program);
  const named = first === '-S' ? second : words.length === 2 ? first : undefined;
  return named === undefined || named.startsWith('-') ? undefined : baseNameOf(named);
}
