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
  const files = output.toString('utf8').split('\0');
  // Git lists files that are not added yet first.
  return [...new Set(files)]
    .filter((file) => file !== '' && fs.existsSync(path.join(root, file)))
    .sort((a, b) => (a < b ? -1 : 1));
}

const texts = new Map<string, string>();

/** The text of a file of the repository; read once. */
export function readText(file: string): string {
  const known = texts.get(file) ?? fs.readFileSync(path.join(root, file), 'utf8');
  texts.set(file, known);
  return known;
}

/** Whether a run shall rewrite what is generated instead of comparing it: `KILN_UPDATE=1`. */
export const updating: boolean = process.env['KILN_UPDATE'] === '1';

/** What a generated file should be and is; rewrites it first when a run shall update. */
export function generated(
  file: string,
  text: string,
): { readonly found: string; readonly wanted: string } {
  const absolute = path.join(root, file);
  if (updating) fs.writeFileSync(absolute, text);
  return { found: fs.existsSync(absolute) ? fs.readFileSync(absolute, 'utf8') : '', wanted: text };
}

export interface Workspace {
  readonly name: string;
  /** Relative to the root. */
  readonly folder: string;
  readonly tier: string;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  /** Entry point to file, both beginning with `./` or `.`. */
  readonly exports: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string>>;
}

export function readManifest(file: string): Manifest {
  return JSON.parse(readText(file)) as Manifest;
}

/** Every npm workspace of the repository. */
export function workspaces(): readonly Workspace[] {
  return repositoryFiles()
    .filter((file) => /^(base|[a-z]+\/[a-z0-9-]+)\/package\.json$/.test(file))
    .map((file) => {
      const manifest = readManifest(file);
      const folder = path.dirname(file);
      return {
        name: manifest.name,
        folder,
        tier: folder.split('/')[0] ?? '',
        dependencies: Object.keys(manifest.dependencies ?? {}),
        devDependencies: Object.keys(manifest.devDependencies ?? {}),
        exports: manifest.exports ?? {},
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
  return files
    .filter(
      (file) =>
        file.startsWith(`${folder}/`) && /\.tsx?$/.test(file) && !file.includes('/testdata/'),
    )
    .flatMap((file) => importsIn(readText(file)).map((one) => ({ file, ...one })));
}

/** The imports of one TypeScript text, static and dynamic. */
export function importsIn(text: string): readonly Omit<Import, 'file'>[] {
  const found: Omit<Import, 'file'>[] = [];
  const statement = /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)';?$/gm;
  for (const match of text.matchAll(statement)) {
    found.push({ specifier: match[2] ?? '', typeOnly: match[1] !== undefined });
  }
  for (const match of text.matchAll(/\bimport\(\s*'([^']+)',?\s*\)/g)) {
    found.push({ specifier: match[1] ?? '', typeOnly: false });
  }
  return found;
}

/** The package of an import; undefined for files and for modules of Node. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined;
  return /^(@[^/]+\/[^/]+|[^/]+)/.exec(specifier)?.[0];
}

/** Whether a file is a test or made only for tests. */
export function isTest(file: string): boolean {
  return (
    /\.test\.tsx?$|(\/|-)conformance\.ts$|\/testing\.ts$|\/testing\/|^[^/]+\/[^/]+\/test\//.test(
      file,
    ) || file.startsWith('test/')
  );
}
