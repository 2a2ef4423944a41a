import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * Which unit tests a hurried run needs: those that import something that differs from the tree in which all of them last
 * passed. Compared by content, so a checkout that goes back and forth costs nothing.
 */
export interface UnitSelection {
  /** Words for vitest, in place of `run`. */
  readonly argv: readonly string[];
  /** To be said of it; undefined when everything runs. */
  readonly summary: string | undefined;
  /** To be called when the tests have passed. */
  readonly passed: () => void;
}

/** Read everything in the repository: their imports do not tell what they depend on. */
const alwaysRun = 'tools';

/** What the files were when the tests last passed. */
const stampFile = 'node_modules/.cache/kiln-test/unit-files';

/** Selects by the stamp; everything where there is none, no git, or a change other than in sources and pages. */
export function selectUnitTests(root: string, fast: boolean): UnitSelection {
  const files = listFiles(root);
  const stamp = path.join(root, stampFile);
  const passed = (): void => {
    if (files === undefined) return;
    fs.mkdirSync(path.dirname(stamp), { recursive: true });
    fs.writeFileSync(stamp, JSON.stringify([...files]));
  };
  const before = fast ? readStamp(stamp) : undefined;
  if (files === undefined || before === undefined)
    return { argv: ['run'], summary: undefined, passed };
  const changed = [...files].filter(([file, digest]) => before.get(file) !== digest);
  const removed = [...before.keys()].filter((file) => !files.has(file));
  const names = changed.map(([file]) => file);
  if (!names.every((file) => isSource(file) || isPage(file)) || !removed.every(isPage))
    return { argv: ['run'], summary: undefined, passed };
  const sources = names.filter(isSource);
  return {
    argv: ['related', '--run', '--passWithNoTests', ...sources, ...testsOf(root, alwaysRun)],
    summary: `unit tests that passed run again where they import what changed since (${sources.length} files), and those of ${alwaysRun}/`,
    passed,
  };
}

/** A source tells by whom it is imported. */
function isSource(file: string): boolean {
  return /\/src\/.*\.tsx?$/.test(file) && !file.includes('testdata/');
}

/** Pages are read by the tests that always run, and by no other. */
function isPage(file: string): boolean {
  return file.endsWith('.md') || file.startsWith('docs/');
}

function testsOf(root: string, folder: string): string[] {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && !file.endsWith('.world.test.ts'))
    .filter((file) => !file.includes('node_modules'))
    .map((file) => path.join(folder, file))
    .sort();
}

/** Everything that git does not ignore, with its digest; undefined outside of a clone. Leaves the clone as it is. */
function listFiles(root: string): ReadonlyMap<string, string> | undefined {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-files-'));
  try {
    const ownPath = (name: string): string =>
      path.resolve(root, git(root, {}, 'rev-parse', '--git-path', name));
    const index = path.join(folder, 'index');
    // Begins with what git knows of the files, so that unchanged ones are not read.
    fs.copyFileSync(ownPath('index'), index);
    const environment = {
      GIT_INDEX_FILE: index,
      GIT_OBJECT_DIRECTORY: folder,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: ownPath('objects'),
    };
    git(root, environment, 'add', '--all');
    const listed = git(root, environment, 'ls-files', '--stage', '-z').split('\0');
    return new Map(
      listed.flatMap((line) => {
        const [, digest, file] = /^(\d+ [0-9a-f]+) \d\t(.+)$/s.exec(line) ?? [];
        return digest === undefined || file === undefined ? [] : [[file, digest]];
      }),
    );
  } catch {
    return undefined;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function readStamp(stamp: string): ReadonlyMap<string, string> | undefined {
  try {
    return new Map(JSON.parse(fs.readFileSync(stamp, 'utf8')) as [string, string][]);
  } catch {
    return undefined;
  }
}

function git(
  root: string,
  environment: Readonly<Record<string, string>>,
  ...words: readonly string[]
): string {
  return execFileSync('git', ['-C', root, ...words], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trimEnd();
}
