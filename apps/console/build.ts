import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { KilnError, compareBytes, messageOf, shorten } from '@kiln/base';

/** What a build did. */
export interface ConsoleBuild {
  /** The built pages. */
  readonly folder: string;
  /** False when they were up to date. */
  readonly built: boolean;
  readonly durationMs: number;
}

/** Written last, so that a folder with it is complete. */
const stampName = '.stamp';
const buildMsMax = 120_000;
const inputs = ['index.html', 'package.json', 'vite-build.ts', 'src'];

/**
 * Builds the console of the clone at `root` into `apps/console/dist`, unless what is there was made from the same
 * sources and the same lockfile. The pages before stay until the new ones are complete; several processes may build at
 * once. Throws `CONSOLE_BUILD_FAILED` for sources that do not compile.
 */
export async function buildConsole(root: string): Promise<ConsoleBuild> {
  const started = performance.now();
  const home = path.join(root, 'apps/console');
  const folder = path.join(home, 'dist');
  const stamp = await stampOf(root, home);
  const answer = (built: boolean): ConsoleBuild => ({
    folder,
    built,
    durationMs: performance.now() - started,
  });
  if ((await readStamp(folder)) === stamp) return answer(false);
  const scratch = path.join(root, 'node_modules/.cache/console');
  const fresh = path.join(scratch, `new-${process.pid}`);
  await runVite(home, fresh);
  await writeFile(path.join(fresh, stampName), stamp);
  await replace(folder, fresh, path.join(scratch, `old-${process.pid}`));
  return answer(true);
}

/** Vite looks at its environment, so it gets one of its own: the same sources give the same pages everywhere. */
async function runVite(home: string, outDir: string): Promise<void> {
  const environment = { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production' };
  try {
    await promisify(execFile)(process.execPath, [path.join(home, 'vite-build.ts'), outDir], {
      cwd: home,
      env: environment,
      timeout: buildMsMax,
      maxBuffer: 16 * 1024 * 1024,
    });
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr ?? '').trim();
    throw new KilnError(
      'CONSOLE_BUILD_FAILED',
      `the console could not be built: ${shorten(said === '' ? messageOf(error) : said)}`,
      {
        hint: 'run node apps/console/vite-build.ts /tmp/console to see everything; npm ci brings what is missing',
        cause: error,
      },
    );
  }
}

/** The new folder takes the old one's place; another process that was quicker has made the same. */
async function replace(folder: string, fresh: string, old: string): Promise<void> {
  if (existsSync(folder)) await rename(folder, old).catch(ignoreMissing);
  await rename(fresh, folder).catch(async () => rm(fresh, { recursive: true, force: true }));
  await rm(old, { recursive: true, force: true });
}

function ignoreMissing(error: unknown): void {
  if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
}

async function readStamp(folder: string): Promise<string | undefined> {
  if (!existsSync(path.join(folder, 'index.html'))) return undefined;
  return readFile(path.join(folder, stampName), 'utf8').catch(() => undefined);
}

/** A digest of everything that the pages are made of. */
async function stampOf(root: string, home: string): Promise<string> {
  const files = [path.join(root, 'package-lock.json')];
  for (const input of inputs) files.push(...(await filesIn(path.join(home, input))));
  const hash = createHash('sha256');
  for (const file of files.sort(compareBytes)) {
    const bytes = await readFile(file);
    hash.update(`${path.relative(root, file)}\0${bytes.length}\0`).update(bytes);
  }
  return `${hash.digest('hex')}\n`;
}

async function filesIn(file: string): Promise<string[]> {
  const entries = await readdir(file, { withFileTypes: true, recursive: true }).catch(
    () => undefined,
  );
  if (entries === undefined) return [file];
  return entries
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name));
}
