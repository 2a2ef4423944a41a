import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { IndexRecord } from '@kiln/apk';
import { changedRepository } from './changed-repository.ts';
import { costOf, typicalCost } from './command-cost.ts';
import type { CommandCost } from './command-cost.ts';
import { closureOf, largestWorld, recordsOf } from './worlds.ts';
import type { RepositoryFolder } from './worlds.ts';

/**
 * Builds whole images with Kiln and with apko by turns: `node bench/images/builds.ts --apko PROGRAM --repository FOLDER --key
 * FILE`. Both get the same configuration and repository and write an archive; neither makes SBOMs. What each case keeps of
 * earlier builds is said with it.
 */
const { values } = parseArgs({
  options: {
    apko: { type: 'string' },
    own: { type: 'string', default: './kiln image build' },
    repository: { type: 'string' },
    key: { type: 'string' },
    runs: { type: 'string', default: '5' },
    big: { type: 'string', default: '170' },
    few: { type: 'string', default: '12' },
    /** Further flags of Kiln, such as those that choose a compression. */
    flags: { type: 'string', default: '' },
  },
});
const { apko, repository, key, runs } = values;
if (apko === undefined || repository === undefined || key === undefined)
  throw new Error('--apko, --repository and --key are needed: see kiln seed export');
const root = path.resolve(import.meta.dirname, '../..');
const [ownProgram = '', ...ownWords] = values.own.split(' ');
const flags = values.flags.split(' ').filter((word) => word !== '');
const folder = mkdtempSync(path.join(tmpdir(), 'kiln-builds-'));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** An image to build, and of what. */
interface Image extends RepositoryFolder {
  readonly config: string;
}

/** Builds with everything that a program keeps, and writes, below `home`. */
function build(who: 'own' | 'apko', image: Image, home: string): CommandCost {
  mkdirSync(path.join(home, 'tmp'), { recursive: true });
  const output = path.join(home, 'image.tar');
  rmSync(output, { force: true });
  const common = [
    '--repository-append',
    image.folder,
    '--keyring-append',
    image.keyFile,
    '--cache-dir',
    path.join(home, 'cache'),
    '--arch',
    'x86_64',
  ];
  const command =
    who === 'own'
      ? [path.resolve(root, ownProgram), ...ownWords, image.config, '-o', output, ...flags]
      : [apko ?? '', 'build', image.config, 'bench:latest', output, '--sbom=false'];
  return costOf([...command, ...common], {
    cwd: home,
    env: { HOME: home, XDG_CACHE_HOME: path.join(home, 'xdg'), TMPDIR: path.join(home, 'tmp') },
  });
}

/** What is left of an earlier build in the home of the next. */
type Kept = 'nothing' | 'segments' | 'packages and segments' | 'everything';

/** Where Kiln has what it makes of packages: layers whole, their segments, and packages unpacked. */
function forget(home: string, kept: Kept): void {
  const cache = path.join(home, 'cache');
  if (kept === 'nothing') rmSync(home, { recursive: true, force: true });
  if (kept === 'segments') rmSync(path.join(cache, 'expanded'), { recursive: true, force: true });
  if (kept === 'segments' || kept === 'packages and segments')
    rmSync(path.join(cache, 'layers/whole'), { recursive: true, force: true });
}

interface Case {
  readonly what: string;
  readonly image: Image;
  /** Called after the earlier build. */
  readonly change?: () => Promise<void>;
  readonly own: Kept;
  readonly apko: 'nothing' | 'everything';
}

let peakBytes = 0;

async function measure({ what, image, change, ...kept }: Case): Promise<void> {
  const costs: Record<'own' | 'apko', CommandCost[]> = { own: [], apko: [] };
  const earlier = path.join(folder, 'earlier');
  for (const who of ['own', 'apko'] as const)
    if (kept[who] !== 'nothing') build(who, image, path.join(earlier, who));
  await change?.();
  for (let run = 0; run < Number(runs); run += 1) {
    for (const who of ['own', 'apko'] as const) {
      const home = path.join(folder, who);
      rmSync(home, { recursive: true, force: true });
      // Links, so that no disk is busy with copies while the next build runs; both replace files, and change none.
      if (kept[who] !== 'nothing') spawnSync('cp', ['-al', path.join(earlier, who), home]);
      forget(home, kept[who]);
      costs[who].push(build(who, image, home));
      rmSync(home, { recursive: true, force: true });
    }
  }
  rmSync(earlier, { recursive: true, force: true });
  const [own, other] = [typicalCost(costs.own), typicalCost(costs.apko)];
  peakBytes = Math.max(peakBytes, own.peakBytes);
  say(`${what}; kept: Kiln ${kept.own}, apko ${kept.apko}; load ${loadavg()[0]?.toFixed(1)}`);
  const line = (name: string, unit: string, [a, b]: readonly [number, number]): void =>
    say(`  ${name}: ${a.toFixed(2)} ${unit}, apko ${b.toFixed(2)} ${unit}, ${(a / b).toFixed(2)}`);
  line('wall', 's', [own.wallSeconds, other.wallSeconds]);
  line('CPU', 's', [own.cpuSeconds, other.cpuSeconds]);
  line('peak', 'MB', [own.peakBytes / 1e6, other.peakBytes / 1e6]);
}

function imageOf(name: string, records: readonly IndexRecord[], from: RepositoryFolder): Image {
  const config = path.join(folder, `${name}.yaml`);
  const packages = records.map((record) => record.name);
  writeFileSync(config, JSON.stringify({ contents: { packages }, cmd: '/bin/sh' }));
  return { ...from, config };
}

try {
  const from = { folder: path.resolve(repository), keyFile: path.resolve(key) };
  const records = await recordsOf(from);
  const closure = closureOf(records);
  const bySize = [...records].toSorted((a, b) => b.installedSizeBytes - a.installedSizeBytes);
  const big = largestWorld(
    bySize.map(({ name }) => name),
    closure,
    Number(values.big),
  );
  const few = largestWorld(bySize.map(({ name }) => name).toSorted(), closure, Number(values.few));
  const sizeOf = (of: readonly IndexRecord[]): string =>
    `${of.length} packages, ${(of.reduce((sum, one) => sum + one.installedSizeBytes, 0) / 1e6).toFixed(0)} MB`;
  const bigImage = imageOf('big', big, from);
  const fewImage = imageOf('few', few, from);
  const [bigSize, fewSize] = [sizeOf(big), sizeOf(few)];
  // The launcher makes what it lacks now, and not while it is measured.
  spawnSync(path.resolve(root, ownProgram), ['--version']);
  say(`medians of ${runs} runs by turns; ${values.own}${flags.map((flag) => ` ${flag}`).join('')}`);
  for (const [image, size] of [
    [bigImage, bigSize],
    [fewImage, fewSize],
  ] as const) {
    await measure({ what: size, image, own: 'nothing', apko: 'nothing' });
    await measure({ what: size, image, own: 'segments', apko: 'nothing' });
    await measure({ what: size, image, own: 'packages and segments', apko: 'everything' });
  }
  const change = big.toSorted((a, b) => a.installedSizeBytes - b.installedSizeBytes);
  const name = change[Math.floor(change.length / 2)]?.name ?? '';
  const changing = await changedRepository(path.join(folder, 'changed'), {
    records: big,
    from: from.folder,
    change: name,
  });
  await changing.show('before');
  await measure({
    what: `${bigSize}, ${name} changed`,
    image: imageOf('changed', big, changing),
    change: () => changing.show('after'),
    own: 'everything',
    apko: 'everything',
  });
  say(`peak of Kiln over all: ${(peakBytes / 1e6).toFixed(0)} MB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
