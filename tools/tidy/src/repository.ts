import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = path.resolve(fileURLToPath(new URL('../../..', import.meta.url)));

/** Files of the repository, tracked or about to be, relative to its root. */
export function repositoryFiles(): readonly string[] {
  const output = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '-z'],
    { cwd: root, maxBuffer: 64 * 1024 * 1024 },
  );
  return output
    .toString('utf8')
    .split('\0')
    .filter((file) => file !== '' && fs.existsSync(path.join(root, file)));
}

export function readText(file: string): string {
  return fs.readFileSync(path.join(root, file), 'utf8');
}

export interface Workspace {
  readonly name: string;
  /** Relative to the root. */
  readonly folder: string;
  readonly tier: string;
  readonly dependencies: readonly string[];
}

/** Every npm workspace of the repository. */
export function workspaces(): readonly Workspace[] {
  return repositoryFiles()
    .filter((file) => /^(base|[a-z]+\/[a-z0-9-]+)\/package\.json$/.test(file))
    .map((file) => {
      const manifest = JSON.parse(readText(file)) as {
        name: string;
        dependencies?: Record<string, string>;
      };
      const folder = path.dirname(file);
      return {
        name: manifest.name,
        folder,
        tier: folder.split('/')[0] ?? '',
        dependencies: Object.keys(manifest.dependencies ?? {}),
      };
    });
}

export interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** The imports of the TypeScript sources below a folder. */
export function importsOf(folder: string, files: readonly string[]): readonly Import[] {
  const found: Import[] = [];
  for (const file of files) {
    if (!file.startsWith(`${folder}/`) || !file.endsWith('.ts') || file.includes('/testdata/'))
      continue;
    const text = readText(file);
    for (const match of text.matchAll(
      /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)';?$/gm,
    )) {
      found.push({ file, specifier: match[2] ?? '', typeOnly: match[1] !== undefined });
    }
    for (const match of text.matchAll(/\bimport\('([^']+)'\)/g))
      found.push({ file, specifier: match[1] ?? '', typeOnly: false });
  }
  return found;
}
