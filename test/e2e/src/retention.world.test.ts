import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest, Random } from '@kiln/base';
import { digestOf, seededRandom } from '@kiln/base';
import { mediaTypes } from '@kiln/oci';
import type { GarbageStatus, Status, SweepSummary, WhyKeptView } from '@kiln/server/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InventedFactory } from './invented-factory.ts';
import { inventedFactory } from './invented-factory.ts';

const seed = Number(process.env['KILN_SEED'] ?? Date.now() % 1_000_000);
const dayMs = 86_400_000;

let consoleFolder: string;
let factory: InventedFactory;
beforeAll(async () => {
  consoleFolder = mkdtempSync(path.join(tmpdir(), 'kiln-retention-console-'));
  factory = await inventedFactory(consoleFolder);
});
afterAll(async () => {
  await factory[Symbol.asyncDispose]();
  rmSync(consoleFolder, { recursive: true, force: true });
});

const call = (method: string, where: string, init: RequestInit = {}): Promise<Response> =>
  fetch(new URL(where, factory.url), { method, ...init });

async function upload(repository: string, content: string): Promise<Digest> {
  const digest = digestOf(content);
  const address = `/v2/${repository}/blobs/uploads/?digest=${digest}`;
  const response = await call('POST', address, { body: content });
  expect(response.status).toBe(201);
  return digest;
}

function imageOf(config: string, layers: readonly string[]): string {
  const described = (mediaType: string, content: string): object => ({
    mediaType,
    digest: digestOf(content),
    size: Buffer.byteLength(content),
  });
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: described('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map((layer) => described('application/vnd.oci.image.layer.v1.tar+gzip', layer)),
  });
}

const put = (repository: string, reference: string, body: string): Promise<Response> =>
  call('PUT', `/v2/${repository}/manifests/${reference}`, {
    body,
    headers: { 'content-type': mediaTypes.manifest },
  });

async function pushImage(
  repository: string,
  tag: string | undefined,
  config: string,
  layers: readonly string[],
): Promise<Digest> {
  for (const content of [config, ...layers]) await upload(repository, content);
  const manifest = imageOf(config, layers);
  expect((await put(repository, tag ?? digestOf(manifest), manifest)).status).toBe(201);
  return digestOf(manifest);
}

async function gc(dryRun: boolean): Promise<SweepSummary> {
  const headers = { 'content-type': 'application/json' };
  const begun = await call('POST', '/api/gc', { body: JSON.stringify({ dryRun }), headers });
  expect(begun.status).toBe(200);
  for (;;) {
    const status = (await (await call('GET', '/api/gc')).json()) as GarbageStatus;
    if (status.running === null) {
      expect(status.outcome?.error).toBeNull();
      return status.outcome!.report!;
    }
    await sleep(20);
  }
}

const counted = ({ removed }: SweepSummary): Record<string, number> =>
  Object.fromEntries(removed.map(({ kind, count }) => [kind, count]));

describe('kiln gc', () => {
  it('removes what nothing keeps, says so before, and says why the rest stays', async () => {
    const [first, stray] = await factory.ago(15 * dayMs, async () => {
      const before = await pushImage('team/app', 'latest', '{"v":1}', ['base', 'one']);
      await upload('team/app', 'never listed');
      await pushImage('team/app', 'latest', '{"v":2}', ['base', 'two']);
      return [before, await pushImage('team/app', undefined, '{"v":3}', ['base', 'three'])];
    });
    const said = async (): Promise<Status['retention']> =>
      ((await (await call('GET', '/api/status')).json()) as Status).retention;
    expect(await said()).toMatchObject({ running: null, last: null, error: null });
    const young = await pushImage('team/app', undefined, '{"v":4}', ['base', 'four']);
    const planned = await gc(true);
    expect(counted(planned)).toEqual({ manifest: 1, link: 3, blob: 4 });
    expect((await call('GET', `/v2/team/app/manifests/${stray}`)).status).toBe(200);
    const done = await gc(false);
    expect(done.removed).toEqual(planned.removed);
    const { count, bytes } = done.removed.find(({ kind }) => kind === 'blob')!;
    expect(await said()).toEqual({
      running: null,
      last: { finishedAt: done.finishedAt, blobs: count, bytes },
      error: null,
      nextAt: done.finishedAt + dayMs,
    });
    expect(counted(await gc(false))).toEqual({});
    for (const [digest, status] of [
      [first, 200],
      [stray, 404],
      [young, 200],
    ] as const)
      expect((await call('GET', `/v2/team/app/manifests/${digest}`)).status).toBe(status);
    for (const [content, status] of [
      ['base', 200],
      ['one', 200],
      ['three', 404],
      ['never listed', 404],
    ] as const)
      expect((await call('GET', `/v2/team/app/blobs/${digestOf(content)}`)).status).toBe(status);
    const why = async (digest: Digest): Promise<WhyKeptView> =>
      (await (await call('GET', `/api/gc/why/${digest}`)).json()) as WhyKeptView;
    expect((await why(digestOf('one'))).because).toEqual([
      `team/app: listed by ${first}, was tagged latest`,
    ]);
    expect(await why(digestOf('three'))).toMatchObject({ sizeBytes: null, collectable: false });
    expect((await call('GET', '/api/gc/why/sha256:x')).status).toBe(400);
  });

  it('answers 404 for the components of what nobody described, and 400 for a wrong constraint', async () => {
    expect((await call('GET', '/api/images/team%2Fapp/components')).status).toBe(404);
    const wrong = await call('GET', '/api/packages/zlib/images?version=%3C%3E%3E');
    expect([wrong.status, (await call('GET', '/api/packages/zlib/images')).status]).toEqual([
      400, 200,
    ]);
  });
});

/**
 * Sweeps in a process of its own, which is killed `kills` times: in the middle of a sweep, after it said that much. Returns
 * how many blobs were collected.
 */
async function sweepAndKill(random: Random, kills: number): Promise<number> {
  const program = path.join(import.meta.dirname, 'sweeper.ts');
  let collected = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const argv = ['--disable-warning=ExperimentalWarning', program];
    const child = spawn(process.execPath, [...argv, factory.place.home, factory.place.blobs], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'close');
    const enough = 1 + Math.floor(random.next() * 120);
    let said = '';
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (said.length >= enough) break;
    }
    // One that ended by itself failed.
    expect(said.length).toBeGreaterThanOrEqual(enough);
    child.kill('SIGKILL');
    await ended;
    collected += said.replaceAll(/[^.]/g, '').length;
  }
  return collected;
}

/** What a client does for one image: asks for each blob, pushes or mounts what is not there, and pushes the manifest. */
async function pushAsClient(
  repository: string,
  tag: string,
  config: string,
  layers: readonly string[],
): Promise<Digest> {
  const manifest = imageOf(config, layers);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    for (const [at, content] of [config, ...layers].entries()) {
      const digest = digestOf(content);
      const asked = await call('HEAD', `/v2/${repository}/blobs/${digest}`);
      if (asked.status === 200) continue;
      const mount = `/v2/${repository}/blobs/uploads/?mount=${digest}&from=old`;
      const mounted = at % 2 === 1 ? await call('POST', mount) : undefined;
      if (mounted?.status !== 201) await upload(repository, content);
    }
    const answer = await put(repository, tag, manifest);
    if (answer.status === 201) return digestOf(manifest);
    // What was there a moment ago was collected: it is pushed again.
    const { errors } = (await answer.json()) as { errors: { code: string }[] };
    expect([answer.status, errors[0]?.code]).toEqual([404, 'MANIFEST_BLOB_UNKNOWN']);
  }
  throw new Error('a push was refused five times');
}

async function expectWhole(
  repository: string,
  digest: Digest,
  contents: readonly string[],
): Promise<void> {
  const manifest = await call('GET', `/v2/${repository}/manifests/${digest}`);
  expect([manifest.status, digestOf(await manifest.text())]).toEqual([200, digest]);
  for (const content of contents) {
    const blob = await call('GET', `/v2/${repository}/blobs/${digestOf(content)}`);
    expect([blob.status, await blob.text()]).toEqual([200, content]);
  }
}

it('a storm of pushes and pulls beside sweeps that are killed loses nothing, and nothing is stuck', async () => {
  process.stderr.write(`KILN_SEED=${seed}\n`);
  const random = seededRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)]!;
  const pushed: (readonly [string, Digest, readonly string[]])[] = [];
  let collected = 0;
  for (let round = 0; round < 2; round += 1) {
    // What the sweep is about to remove is what clients push again.
    const old = Array.from({ length: 400 }, (_, at) => `old layer ${at}`);
    await factory.ago(15 * dayMs, async () => {
      await Promise.all(old.map((layer) => upload('old', layer)));
      for (let at = 0; at < 30; at += 1)
        await pushImage('old', undefined, `{"old":${at}}`, [old[at]!]);
    });
    let over = false;
    const sweeping = sweepAndKill(random, 4).finally(() => (over = true));
    void sweeping.then((count) => (collected += count));
    const pusher = async (name: number): Promise<void> => {
      for (let at = 0; !over; at += 1) {
        const repository = pick(['old', 'new/a', 'new/b']);
        const layers = [pick(old), pick(old), pick(old), pick(['shared', `own ${name} ${at}`])];
        const config = pick(['{}', `{"of":"${round} ${name} ${at}"}`]);
        const unique = [...new Set(layers)];
        const tag = `t${round}-${name}-${at}`;
        const digest = await pushAsClient(repository, tag, config, unique);
        const contents = [config, ...unique];
        await expectWhole(repository, digest, contents);
        pushed.push([repository, digest, contents]);
        const [where, what, which] = pick(pushed);
        await expectWhole(where, what, which);
      }
    };
    await Promise.all([sweeping, ...[0, 1, 2, 3].map(pusher)]);
  }
  await expect
    .poll(async () => counted(await gc(false)), { timeout: 20_000 })
    .not.toHaveProperty('error');
  expect(counted(await gc(true))).toEqual({});
  expect(readdirSync(path.join(factory.place.blobs, 'aside'))).toEqual([]);
  expect(pushed.length).toBeGreaterThan(20);
  for (const [repository, digest, contents] of pushed)
    await expectWhole(repository, digest, contents);
  expect(collected).toBeGreaterThan(0);
  process.stderr.write(
    `${pushed.length} images pushed, ${collected} blobs collected beside, by 8 sweeps that were killed\n`,
  );
});
