import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { linesOf, seededRandom } from '@kiln/base';
import { connect, socketDirectoryOf } from '@kiln/postgres';
import type { CompositionAnswer, ImageComponentsView, PackageSummary } from '@kiln/server/schemas';
import { sql } from 'kysely';
import type { ProcessFigures } from './process-figures.ts';
import { childrenOf, familyFigures } from './process-figures.ts';

/**
 * Image manifests per second that a running factory composes, stores, signs, attests and publishes:
 * `node bench/images/permutations.ts --home .kiln --seconds 300`. This process asks, over HTTP, as anybody would.
 */
const { values } = parseArgs({
  options: {
    home: { type: 'string', default: '.kiln' },
    base: { type: 'string', default: 'nginx' },
    seconds: { type: 'string', default: '60' },
    packages: { type: 'string', default: '30' },
    sets: { type: 'string', default: '4' },
    sample: { type: 'string', default: '100' },
    skopeo: { type: 'string' },
    cosign: { type: 'string' },
  },
});
const home = path.resolve(values.home);
const seconds = Number(values.seconds);
const run = promisify(execFile);
const root = path.join(import.meta.dirname, '../..');
const print = (line: string): unknown => process.stdout.write(`${line}\n`);

const { pid, port } = JSON.parse(readFileSync(path.join(home, 'run/factory.json'), 'utf8')) as {
  readonly pid: number;
  readonly port: number;
};
const base = `http://127.0.0.1:${port}`;
const database = connect({ socketDirectory: socketDirectoryOf(home) });

interface Question {
  readonly base: string;
  readonly repository: string;
  readonly overlay: Readonly<Record<string, unknown>>;
}

async function get<T>(route: string): Promise<T> {
  const response = await fetch(`${base}${route}`);
  if (!response.ok) throw new Error(`${route}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** Questions that are asked and not answered. */
const openMax = 1024;

async function* ask(questions: Iterable<Question>): AsyncIterable<CompositionAnswer> {
  let open = 0;
  let answered = Promise.withResolvers<undefined>();
  async function* lines(): AsyncIterable<Uint8Array> {
    for (const question of questions) {
      while (open >= openMax) await answered.promise;
      open += 1;
      yield Buffer.from(`${JSON.stringify(question)}\n`);
    }
  }
  const response = await fetch(`${base}/api/compositions`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: ReadableStream.from(lines()),
    duplex: 'half',
  });
  if (!response.ok || response.body === null) throw new Error(await response.text());
  const tooLong = (): Error => new Error('a line of the answer is too long');
  for await (const line of linesOf(response.body, 100_000, tooLong)) {
    open -= 1;
    answered.resolve(undefined);
    answered = Promise.withResolvers();
    yield JSON.parse(line) as CompositionAnswer;
  }
}

/** How many packages an image of the base has with these; undefined where they do not go together. */
async function sizeWith(packages: readonly string[]): Promise<number | undefined> {
  const probe = { base: values.base, repository: 'permutations/probe' };
  for await (const answer of ask([{ ...probe, overlay: { contents: { packages } } }])) {
    if ('error' in answer) return undefined;
    const query = `digest=${encodeURIComponent(answer.digest)}`;
    const name = encodeURIComponent(answer.repository);
    const found = await get<ImageComponentsView>(`/api/images/${name}/components?${query}`);
    return found.components.length;
  }
  return undefined;
}

/** Packages to add to the base, one after another up to a number of packages in the image. */
async function grown(names: readonly string[], size: number): Promise<readonly string[]> {
  let world: readonly string[] = [];
  for (const name of names) {
    const found = await sizeWith([...world, name]);
    if (found === undefined || found > size) continue;
    world = [...world, name];
    if (found === size) return world;
  }
  throw new Error(`the catalog has no ${size} packages that go together over ${values.base}`);
}

function questionOf(number: number, worlds: readonly (readonly string[])[]): Question {
  return {
    base: values.base,
    repository: `permutations/app-${number % 8}`,
    overlay: {
      contents: { packages: worlds[number % worlds.length] },
      cmd: number % 3 === 0 ? '--null' : '--zero',
      accounts: { 'run-as': 'app', users: [{ username: 'app', uid: 1000 + (number % 5000) }] },
      environment: { SERIAL: String(number), MODE: number % 2 === 0 ? 'even' : 'odd' },
      annotations: { 'org.opencontainers.image.title': `image ${number}` },
    },
  };
}

interface Moment {
  readonly atMs: number;
  readonly processes: Readonly<Record<string, ProcessFigures>>;
  readonly logBytes: number;
}

async function moment(): Promise<Moment> {
  const { rows } = await sql<{
    bytes: number;
  }>`select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint as bytes`.execute(database);
  const processes: Record<string, ProcessFigures> = {};
  for (const child of childrenOf(pid)) {
    const role = / process (\w+)$/.exec(child.command)?.[1] ?? 'postgresql';
    processes[role] = familyFigures(child.pid);
  }
  return { atMs: performance.now(), processes, logBytes: rows[0]?.bytes ?? 0 };
}

interface Made {
  readonly question: Question;
  readonly digest: string;
}

async function during(
  lastMs: number,
  from: number,
  worlds: readonly (readonly string[])[],
): Promise<readonly Made[]> {
  const deadline = performance.now() + lastMs;
  const asked: Question[] = [];
  const questions = function* (): Iterable<Question> {
    for (let number = from; performance.now() < deadline; number += 1) {
      const question = questionOf(number, worlds);
      asked.push(question);
      yield question;
    }
  };
  const made: Made[] = [];
  for await (const answer of ask(questions())) {
    if ('error' in answer) throw new Error(answer.error.message);
    const question = asked[made.length];
    if (question !== undefined) made.push({ question, digest: answer.digest });
  }
  return made;
}

/** Has strangers pull and verify an image, and builds it again from its packages, without the factory's help. */
async function check({ question, digest }: Made, folder: string): Promise<void> {
  const name = `localhost:${port}/${question.repository}@${digest}`;
  const { skopeo, cosign } = values;
  if (skopeo !== undefined) {
    const layout = path.join(folder, 'layout');
    await run(skopeo, [
      'copy',
      '-q',
      '--src-tls-verify=false',
      `docker://${name}`,
      `oci:${layout}:a`,
    ]);
    rmSync(layout, { recursive: true });
  }
  if (cosign !== undefined) {
    const trust = ['--key', path.join(home, 'public/image.pub'), '--insecure-ignore-tlog'];
    await run(cosign, ['verify', ...trust, '--allow-http-registry', name]);
  }
  const file = path.join(folder, 'image.yaml');
  writeFileSync(file, JSON.stringify({ include: `${values.base}.yaml`, ...question.overlay }));
  const build = ['image', 'build', file, '-o', path.join(folder, 'image.tar'), '--json'];
  const paths = ['--include-paths', path.join(root, 'catalog/images')];
  const environment = { ...process.env, KILN_HOME: home };
  const { stdout } = await run(path.join(root, 'kiln'), [...build, ...paths], { env: environment });
  const built = (JSON.parse(stdout) as { readonly images: readonly { digest: string }[] })
    .images[0];
  if (built?.digest !== digest)
    throw new Error(`${name} was composed, and ${built?.digest} was built`);
}

const scratch = mkdtempSync(path.join(tmpdir(), 'kiln-permutations-'));
try {
  const names = (await get<PackageSummary[]>('/api/packages')).map(({ name }) => name).toSorted();
  const worlds: (readonly string[])[] = [];
  for (let skipped = 0; worlds.length < Number(values.sets); skipped += 1)
    worlds.push(await grown(names.toSpliced(skipped, 1), Number(values.packages)));
  const warm = await during(3000, 0, worlds);
  await sql`checkpoint`.execute(database);
  const before = await moment();
  const made = await during(seconds * 1000, warm.length, worlds);
  const after = await moment();
  await sql`checkpoint`.execute(database);
  await sleep(200);
  const flushed = await moment();
  const count = made.length;
  const each = (value: number, digits = 2): string => (value / count).toFixed(digits);
  const tookSeconds = (after.atMs - before.atMs) / 1000;
  print(
    `method: a running factory is asked over HTTP for images of ${values.base} with ${values.packages} packages of its catalog, in ${worlds.length} sets, each with an environment, a user and annotations of its own; with SBOM, provenance and signature; for ${seconds} s after 3 s of warming up; bytes after a checkpoint`,
  );
  print(
    `images: ${count} in ${tookSeconds.toFixed(1)} s, ${(count / tookSeconds).toFixed(0)} per second, ${new Set(made.map(({ digest }) => digest)).size} different`,
  );
  let cpuMs = 0;
  let writtenBytes = 0;
  for (const [name, then] of Object.entries(before.processes)) {
    const cpu = (after.processes[name]?.cpuMs ?? 0) - then.cpuMs;
    const written = (flushed.processes[name]?.writtenBytes ?? 0) - then.writtenBytes;
    cpuMs += cpu;
    writtenBytes += written;
    print(`${name}: ${each(cpu)} ms of CPU, ${each(written / 1000)} kB written per image`);
  }
  print(`together: ${each(cpuMs)} ms of CPU, ${each(writtenBytes / 1000)} kB written per image`);
  print(`write-ahead log: ${each((flushed.logBytes - before.logBytes) / 1000)} kB per image`);
  const random = seededRandom(2);
  const sample = Number(values.sample);
  for (let checked = 0; checked < sample; checked += 1) {
    const image = made[Math.floor(random.next() * count)];
    if (image !== undefined) await check(image, scratch);
  }
  const by = [
    ...(values.skopeo === undefined ? [] : ['pulled by skopeo']),
    ...(values.cosign === undefined ? [] : ['verified by cosign']),
    'built again with the same digest',
  ];
  print(`checked: ${sample} of them ${by.join(', ')}`);
} finally {
  await database.destroy();
  rmSync(scratch, { recursive: true, force: true });
}
