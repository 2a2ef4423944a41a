import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { compareBytes } from '@kiln/base';

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
const inputs = ['index.html', 'package.json', 'build.ts', 'src'];

/**
 * Builds the console of the clone at `root` into `apps/console/dist`, unless what is there was made from the same
 * sources and the same lockfile. The pages before stay until the new ones are complete; several processes may build at
 * once. Throws what Vite throws for sources that do not compile.
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

async function runVite(home: string, outDir: string): Promise<void> {
  // Loaded only when there is something to build: starting Kiln again costs nothing.
  const [{ build }, { default: react }] = await Promise.all([
    import('vite'),
    import('@vitejs/plugin-react'),
  ]);
  await build({
    configFile: false,
    root: home,
    logLevel: 'warn',
    plugins: [react()],
    define: { 'process.env.NODE_ENV': '"production"' },
    // Nothing is inlined, so that a policy without data addresses and inline scripts holds.
    build: {
      outDir,
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      target: 'baseline-widely-available',
      reportCompressedSize: false,
    },
  });
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
