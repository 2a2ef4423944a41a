import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { compareBytes } from '@kiln/base';
import { locked } from '@kiln/test-clients';
import { Factory, copyTree, repository } from './factory.ts';
import { removeTree } from './leftovers.ts';

/** What a home holds: the wrapped seed, or everything that the fixture catalog says. */
export type Warmth = 'seed' | 'catalog';

const seedCode = [
  'base/src',
  'formats',
  'engines/seed/src',
  'engines/trust/src',
  'adapters/debian/src',
  'adapters/postgres',
  'adapters/keys-file/src',
  'reconcilers/seed/src',
  'test/e2e/fixtures/catalog/seed.yaml',
  'test/e2e/fixtures/catalog/catalog.yaml',
];
const allCode = [
  ...seedCode,
  'engines',
  'adapters',
  'reconcilers',
  'apps/server',
  'apps/cli',
  'catalog/pipelines',
  'test/e2e/fixtures/catalog',
];

/** What a copied home does without: processes' files, apt's lists, and what is unpacked anew in a second or two. */
const passing = ['run', 'scratch', 'workspaces', 'uploads', 'apt', 'environments', 'expanded'];

/**
 * A stopped home to copy, made once per state of the code that makes it and kept below `KILN_CACHE` or `.tools`.
 * Several processes may ask at once: one makes it, the others wait.
 */
export async function warmHome(warmth: Warmth): Promise<string> {
  const root = path.join(process.env['KILN_CACHE'] || path.join(repository, '.tools'), 'e2e');
  const name = `${warmth}-${digestOfFiles(warmth === 'seed' ? seedCode : allCode)}`;
  const kept = path.join(root, name);
  if (fs.existsSync(kept)) return kept;
  fs.mkdirSync(root, { recursive: true });
  await locked(path.join(root, `${warmth}.lock`), async () => {
    if (fs.existsSync(kept)) return;
    await make(warmth, kept);
    await forgetOthers(root, warmth, name);
  });
  return kept;
}

async function make(warmth: Warmth, kept: string): Promise<void> {
  await using factory = new Factory(warmth === 'seed' ? {} : { homeFrom: await warmHome('seed') });
  if (warmth === 'seed') removeAllBut(factory.catalog, ['catalog.yaml', 'seed.yaml']);
  await factory.up();
  await factory.succeed(['down']);
  for (const folder of passing) await removeTree(path.join(factory.home, folder));
  const beside = `${kept}.partial`;
  await removeTree(beside);
  copyTree(factory.home, beside);
  fs.renameSync(beside, kept);
}

/** Homes of earlier code, which nobody asks for again. */
async function forgetOthers(root: string, warmth: Warmth, name: string): Promise<void> {
  for (const other of fs.readdirSync(root)) {
    if (other.startsWith(`${warmth}-`) && !other.startsWith(name))
      await removeTree(path.join(root, other));
  }
}

function removeAllBut(folder: string, names: readonly string[]): void {
  for (const name of fs.readdirSync(folder)) {
    if (!names.includes(name)) fs.rmSync(path.join(folder, name), { recursive: true });
  }
}

function digestOfFiles(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const each of paths) {
    for (const file of filesOf(path.join(repository, each))) {
      hash.update(`${path.relative(repository, file)}\0`).update(fs.readFileSync(file));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

function filesOf(root: string): string[] {
  if (fs.statSync(root).isFile()) return [root];
  return fs
    .readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !/node_modules|testdata|\.test\.ts$|\.md$|package\.json$/.test(file))
    .sort(compareBytes);
}
