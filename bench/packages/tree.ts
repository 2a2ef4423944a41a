import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

/**
 * Compiles all recipes of a folder and plans their builds, without and with what the first run kept:
 * `node bench/packages/tree.ts --tree DIR --pipeline-dir DIR`. Prints wall and processor time of each, the children's and
 * all their threads'; on a machine that is busy only the latter says something.
 */
const { values } = parseArgs({
  options: {
    own: { type: 'string', default: './kiln' },
    tree: { type: 'string' },
    'pipeline-dir': { type: 'string' },
    arch: { type: 'string', default: 'x86_64,aarch64' },
  },
});
const { tree, 'pipeline-dir': pipelines } = values;
if (tree === undefined || pipelines === undefined)
  throw new Error('which --tree, and which --pipeline-dir?');

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-bench-'));
const recipes = fs
  .readdirSync(tree)
  .filter((name) => name.endsWith('.yaml') && !name.startsWith('.'))
  .map((name) => path.join(tree, name));
const common = ['--arch', values.arch, '--pipeline-dir', pipelines];
const commit = [
  '--git-commit',
  '0'.repeat(40),
  '--git-repo-url',
  'https://git.example.org/recipes',
];

/** User and system time of all children that ended, in seconds: fields 16 and 17 of proc(5)'s `stat`, in ticks of 10 ms. */
function childrenSeconds(): number {
  const stat = fs.readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

function measure(what: string, words: readonly string[]): void {
  const before = { wall: performance.now(), processor: childrenSeconds() };
  const { status, error, stderr } = spawnSync(values.own, words, {
    encoding: 'utf8',
    env: { ...process.env, XDG_CACHE_HOME: path.join(work, 'cache') },
    maxBuffer: 1 << 30,
  });
  // A tree may hold recipes that are refused.
  if (status !== 0 && status !== 1) throw new Error(`${what} failed: ${error?.message ?? stderr}`);
  const wall = (performance.now() - before.wall) / 1000;
  const processor = childrenSeconds() - before.processor;
  process.stdout.write(
    `${what}: ${wall.toFixed(1)} s, processor ${processor.toFixed(1)} s; ${stderr.trim().split('\n').at(-1)}\n`,
  );
}

try {
  process.stdout.write(`${recipes.length} recipes for ${values.arch}\n`);
  const out = ['--out', path.join(work, 'compiled')];
  measure('compile', ['package', 'compile', ...recipes, ...common, ...commit, ...out]);
  for (const what of ['graph, nothing kept', 'graph, nothing changed'])
    measure(what, ['package', 'graph', tree, ...common]);
} finally {
  fs.rmSync(work, { recursive: true, force: true });
}
