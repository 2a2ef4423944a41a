import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '@kiln/base';
import type { PackageDetail, QueueRow } from '@kiln/server/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Factory } from '../../e2e/src/factory.ts';
import { removeTree } from '../../e2e/src/leftovers.ts';
import { warmHome } from '../../e2e/src/warm-home.ts';
import { disturb } from './disturbance.ts';
import type { Role } from './processes-of.ts';
import { playing, processOf, processesOf } from './processes-of.ts';
import type { Published } from './shown.ts';
import { indexOf, missingFrom, publishedBy } from './shown.ts';
import { OwnMounts } from './small-disk.ts';

const seed = Number(process.env['KILN_SEED'] ?? Date.now() % 1_000_000);
const kills = 50;

/** Files whose change makes work: a text in two images, a library and what is linked to it, a program. */
const touched = ['recipes/words/words', 'recipes/greet/greet.c', 'recipes/greeter/greeter.c'];

/** Homes with the seed alone, and with the whole catalog. */
let warm: string;
let built: string;
let undisturbed: Published;

beforeAll(async () => {
  warm = await warmHome('seed');
  built = await warmHome('catalog');
  await using factory = new Factory({ homeFrom: built });
  await factory.up();
  undisturbed = await publishedBy(factory);
}, 600_000);

/** A variant of a file that was never built before. */
function variant(file: string, text: string, number: number): string {
  if (!file.endsWith('.c')) return `${text}variant ${number}\n`;
  return `${text}\nextern const char variant_of_test[];\nconst char variant_of_test[] = "variant ${number}";\n`;
}

/** The ends of all logs, for the report of a failure. */
function tails(factory: Factory): string {
  const folder = path.join(factory.home, 'log');
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .map((name) => `--- ${name}\n${fs.readFileSync(path.join(folder, name), 'utf8').slice(-3_000)}`)
    .join('\n');
}

/** Runs `work`; when it fails, says with which seed, and what the factory said. */
async function explained(factory: Factory, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    process.stderr.write(`KILN_SEED=${seed}\n${tails(factory)}\n`);
    throw error;
  }
}

const settled = (factory: Factory, timeoutMs: number): Promise<unknown> =>
  factory.until(
    'convergence',
    ({ converged, queue }) => converged && queue.queued === 0 && queue.running === 0,
    timeoutMs,
  );

/** Whether an attempt that was not seen before has this in its log. */
function newLog(factory: Factory, text: string, seen: Set<string>): boolean {
  const folder = path.join(factory.home, 'log', 'attempts');
  const found = fs
    .readdirSync(folder)
    .find((name) => !seen.has(name) && fs.readFileSync(path.join(folder, name)).includes(text));
  if (found !== undefined) seen.add(found);
  return found !== undefined;
}

/** All that must hold of a factory after whatever happened to it. */
async function expectInOrder(factory: Factory): Promise<void> {
  expect(await publishedBy(factory)).toEqual(undisturbed);
  expect(await factory.json<QueueRow[]>('queue', 'ls')).toEqual([]);
  for (const { name, tags, signed, tested } of await factory.images()) {
    expect({ name, signed, tested, latest: tags.includes('latest') }).toEqual({
      name,
      signed: true,
      tested: true,
      latest: true,
    });
    await factory.succeed(['verify', name]);
  }
}

async function expectNoProcess(factory: Factory): Promise<void> {
  await expect.poll(() => processesOf(factory.home), { timeout: 10_000 }).toEqual([]);
}

/** Nothing runs any more, and nothing half-made lies about. */
async function expectNothingLeft(factory: Factory): Promise<void> {
  await expectNoProcess(factory);
  const below = (folder: string, recursive: boolean): fs.Dirent[] => {
    const whole = path.join(factory.home, folder);
    return fs.existsSync(whole) ? fs.readdirSync(whole, { recursive, withFileTypes: true }) : [];
  };
  expect(below('blobs/temporary', true).filter((entry) => !entry.isDirectory())).toEqual([]);
  expect(below('scratch', false)).toEqual([]);
  expect(below('workspaces', false)).toEqual([]);
  const unfinished = ({ name }: fs.Dirent): boolean => /^\.?tmp-|\.tmp$/.test(name);
  for (const cache of ['environments', 'environments/packages', 'expanded'])
    expect(below(cache, false).filter(unfinished)).toEqual([]);
}

test(`${kills} kills of random processes change nothing in the end`, async () => {
  await using factory = new Factory({ homeFrom: warm });
  const originals = touched.map((file) => factory.read(file));
  const random = seededRandom(seed);
  const half: string[] = [];
  await explained(factory, async () => {
    const startedAt = performance.now();
    await factory.succeed(['up', '--detach']);
    const { registry } = await factory.status();
    const hit = await disturb({
      factory,
      random,
      kills,
      between: async (kill) => {
        const at = Math.floor(random.next() * touched.length);
        const file = touched[at] ?? '';
        if (kill % 2 === 0) factory.write(file, variant(file, originals[at] ?? '', kill));
        for (const image of Object.keys(undisturbed.images))
          half.push(...(await missingFrom(registry, image)));
      },
    });
    const disturbedMs = performance.now() - startedAt;
    touched.forEach((file, at) => factory.write(file, originals[at] ?? ''));
    // Watching a folder may miss a change while the server is away; its next look may take half a minute.
    await sleep(1_000);
    await factory.up();
    await settled(factory, 120_000);
    const allMs = performance.now() - startedAt;
    process.stderr.write(
      `KILN_SEED=${seed}: ${JSON.stringify(hit)} in ${Math.round(disturbedMs / 1000)} s, in order after ${Math.round(allMs / 1000)} s\n`,
    );
    expect(half).toEqual([]);
    await expectInOrder(factory);
    await factory.succeed(['down']);
    await expectNothingLeft(factory);
  });
}, 400_000);

test('a killed supervisor takes everything with it, and the next start goes on at the same port', async () => {
  await using factory = new Factory({ homeFrom: built });
  const originals = touched.map((file) => factory.read(file));
  await explained(factory, async () => {
    touched.forEach((file, at) => factory.write(file, variant(file, originals[at] ?? '', 0)));
    await factory.succeed(['up', '--detach']);
    const { registry } = await factory.status();
    const port = registry.slice(registry.indexOf(':') + 1);
    await sleep(1_500);
    const killed = processOf(factory.home, 'supervisor');
    expect(killed).toBeDefined();
    if (killed !== undefined) process.kill(killed, 'SIGKILL');
    await factory.succeed(['up'], { environment: { KILN_PORT: port }, timeoutMs: 300_000 });
    expect((await factory.status()).registry).toBe(registry);
    expect((await publishedBy(factory)).images).not.toEqual(undisturbed.images);
    touched.forEach((file, at) => factory.write(file, originals[at] ?? ''));
    await factory.up();
    await settled(factory, 60_000);
    await expectInOrder(factory);
    const all: readonly Role[] = ['supervisor', 'server', 'worker', 'signer', 'postgres'];
    for (const role of all) expect([role, playing(factory.home, role).length]).toEqual([role, 1]);
    await factory.succeed(['down']);
    await expectNothingLeft(factory);
  });
}, 400_000);

test('a worker and a server that are killed in the middle of a test change nothing in the end', async () => {
  await using factory = new Factory({ homeFrom: built });
  const source = 'recipes/greeter/greeter.c';
  const recipe = 'recipes/greeter.yaml';
  const originals = [source, recipe].map((file) => [file, factory.read(file)] as const);
  await explained(factory, async () => {
    await factory.up();
    const { packages } = await factory.status();
    factory.edit(
      recipe,
      '        greeter you',
      '        echo midway; sleep 4\n        greeter you',
    );
    factory.write(source, variant(source, factory.read(source), 0));
    const seen = new Set<string>();
    const midway = (): boolean => newLog(factory, 'midway', seen);
    const kill = (...roles: readonly Role[]): void => {
      for (const role of roles)
        for (const pid of playing(factory.home, role)) process.kill(pid, 'SIGKILL');
    };
    await expect.poll(midway, { timeout: 90_000 }).toBe(true);
    kill('worker');
    // What was built and not yet tested is not shown.
    expect(await indexOf(packages)).toBe(undisturbed.index);
    await expect.poll(midway, { timeout: 90_000 }).toBe(true);
    kill('worker', 'server');
    await expect.poll(midway, { timeout: 90_000 }).toBe(true);
    await settled(factory, 90_000);
    const { test: tested, apk } = await factory.json<PackageDetail>('package', 'show', 'greeter');
    expect([tested?.status, tested?.passed.length]).toEqual(['ready', 1]);
    expect(apk).not.toBe(undisturbed.packages['greeter-0.9-r3']);
    expect((await publishedBy(factory)).images['greeter']).not.toBe(undisturbed.images['greeter']);
    for (const [file, text] of originals) factory.write(file, text);
    await factory.up();
    await settled(factory, 60_000);
    await expectInOrder(factory);
    await factory.succeed(['down']);
    await expectNothingLeft(factory);
  });
}, 400_000);

test('two starts at the same moment agree on one factory', async () => {
  await using factory = new Factory({ homeFrom: built });
  await explained(factory, async () => {
    const both = await Promise.all([1, 2].map(() => factory.kiln(['up', '--detach'])));
    expect(both.map((one) => one.exitCode)).toEqual([0, 0]);
    const supervisors = processesOf(factory.home).filter(
      ({ argv }) => argv.at(-1) === 'supervisor',
    );
    expect(supervisors.length).toBe(1);
    await factory.succeed(['down']);
    // An environment that was being unpacked is cleared when the next worker starts.
    await expectNoProcess(factory);
  });
}, 200_000);

test('a factory whose home is removed ends, and does not make it again', async () => {
  await using factory = new Factory({ homeFrom: built });
  await explained(factory, async () => {
    await factory.up();
    await removeTree(factory.home);
    await expectNoProcess(factory);
    expect(fs.existsSync(factory.home)).toBe(false);
  });
}, 200_000);

describe('the keys', () => {
  let factory: Factory;

  beforeAll(async () => {
    factory = new Factory({ homeFrom: built });
    await factory.succeed(['up', '--detach']);
  }, 200_000);

  afterAll(async () => {
    await factory[Symbol.asyncDispose]();
  }, 100_000);

  test('cannot be read by a build, which sees no process but its own', async () => {
    const keys = path.join(factory.home, 'keys');
    expect(fs.readdirSync(keys).length).toBeGreaterThan(0);
    expect(processOf(factory.home, 'signer')).toBeDefined();
    const script = [
      `if test -e ${keys} || ls -A ${keys} || cat ${keys}/*; then exit 1; fi`,
      'for place in /proc/[0-9]*/root /proc/1/root; do if cat $place' +
        keys +
        '/*; then exit 1; fi; done',
      'test "$(ls /proc | grep -c "^[0-9]")" -lt 20',
      'if cat /proc/[0-9]*/cmdline | tr "\\0" " " | grep -E "[p]rocess (signer|worker|server)"; then exit 1; fi',
      'mkdir -p ${{targets.destdir}}/usr/share',
      'echo nothing > ${{targets.destdir}}/usr/share/spy',
    ];
    const head =
      'package:\n  name: spy\n  version: 1\n  epoch: 0\n  description: Looks for the keys\n';
    const licence = '  copyright:\n    - license: CC0-1.0\n';
    const steps = `pipeline:\n  - runs: |\n${script.map((line) => `      ${line}\n`).join('')}`;
    factory.write('recipes/spy.yaml', `${head}${licence}\n${steps}`);
    const key = 'package:spy@x86_64';
    let detail = await factory.key(key).catch(() => undefined);
    const deadline = performance.now() + 120_000;
    while (!['ready', 'failed'].includes(detail?.status ?? '') && performance.now() < deadline) {
      await sleep(300);
      detail = await factory.key(key).catch(() => undefined);
    }
    const log = await factory.kiln(['logs', key]);
    expect(detail?.status, log.stdout).toBe('ready');
  }, 200_000);

  test('are not there where the worker is', async (context) => {
    if (process.getuid?.() !== 0)
      return context.skip('only root may enter the worker’s namespaces');
    await expect.poll(() => processOf(factory.home, 'worker'), { timeout: 30_000 }).toBeDefined();
    const worker = processOf(factory.home, 'worker');
    const look = `ls -A ${factory.home}/keys; ls /proc | grep -c '^[0-9]'`;
    const inside = ['nsenter', `--target=${worker}`, '--mount', '--', 'sh', '-c', look];
    const { stdout, stderr, exitCode } = await factory.startProgram(inside).result;
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^\d+\n$/);
    // Its own, its first process, and those of builds: not the host's.
    expect(Number(stdout)).toBeLessThan(60);
  }, 60_000);
});

describe('a full disk', () => {
  test('is named with a hint, costs nothing that was there, and is forgotten when there is room', async (context) => {
    using mounts = await OwnMounts.open();
    if (mounts === undefined) return context.skip('only root may mount a small disk');
    await using factory = new Factory({ prefix: mounts.prefix });
    const sizeMiB = 700 + Number(mounts.run('du', '-sm', warm).split('\t')[0]);
    mounts.run('mount', '-t', 'tmpfs', '-o', `size=${sizeMiB}m,mode=0700`, 'tmpfs', factory.home);
    mounts.run('cp', '-a', '--', `${warm}/.`, factory.home);
    await factory.up('--only', 'static');
    const shown = async (): Promise<string | undefined> =>
      (await factory.images()).find((one) => one.name === 'static')?.digest;
    expect(await shown()).toBe(undisturbed.images['static']);
    const fill = (leftKiB: number): string => {
      const freeKiB = Number(mounts.run('df', '-k', '--output=avail', factory.home).split('\n')[1]);
      const ballast = `${factory.home}/ballast`;
      mounts.run('fallocate', '-l', `${Math.max(1, freeKiB - leftKiB)}K`, ballast);
      return ballast;
    };
    const ballast = fill(8 * 1024);
    // As compilers do it takes away what it could not finish, so that there is room again when it ended.
    const step = 'head -c 40000000 /dev/zero > large || { rm large; exit 1; }; rm large';
    factory.edit('recipes/words.yaml', 'runs: |', `runs: |\n      ${step}`);
    const said = async (): Promise<string> =>
      (await factory.kiln(['queue', 'show', 'package:words@x86_64'])).stdout;
    await expect
      .poll(said, { timeout: 60_000, interval: 300 })
      .toMatch(/error +\[[A-Z_]*(DISK_FULL|NO_SPACE)\][^]*hint +.*room/);
    expect((await factory.status()).failed).toEqual([]);
    expect(await shown()).toBe(undisturbed.images['static']);
    await factory.succeed(['verify', 'static']);
    mounts.run('rm', ballast);
    await expect
      .poll(shown, { timeout: 120_000, interval: 500 })
      .not.toBe(undisturbed.images['static']);
    await settled(factory, 60_000);
    await factory.succeed(['verify', 'static']);
    factory.edit('recipes/words.yaml', `\n      ${step}`, '');
    await expect.poll(shown, { timeout: 60_000, interval: 500 }).toBe(undisturbed.images['static']);
    await settled(factory, 60_000);
    await factory.succeed(['down']);

    const brim = fill(0);
    const refused = await factory.kiln(['up', '--only', 'static']);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toMatch(/error\[[A-Z_]*(DISK_FULL|NO_SPACE)\].*\nhint: .*/);
    mounts.run('rm', brim);
    await factory.up('--only', 'static');
    expect(await shown()).toBe(undisturbed.images['static']);
    await factory.succeed(['down']);
  }, 400_000);
});
