import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '@kiln/base';
import { digestOf, seededRandom } from '@kiln/base';
import { mediaTypes } from '@kiln/oci';
import { connect, socketDirectoryOf } from '@kiln/postgres';
import type { CompositionAnswer, GarbageStatus } from '@kiln/server/schemas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Factory } from '../../e2e/src/factory.ts';
import { warmHome } from '../../e2e/src/warm-home.ts';
import { processOf } from './processes-of.ts';

const seed = Number(process.env['KILN_SEED'] ?? Date.now() % 1_000_000);
const dayMs = 86_400_000;
const random = seededRandom(seed);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)]!;

let factory: Factory;
let registry: string;

beforeAll(async () => {
  factory = new Factory({ homeFrom: await warmHome('catalog') });
  await factory.up();
  ({ registry } = await factory.status());
}, 900_000);
afterAll(async () => factory[Symbol.asyncDispose](), 120_000);

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** Asks until there is an answer: the server may be killed, and every request may be made again. */
async function ask(method: string, where: string, init: RequestInit = {}): Promise<Answer> {
  for (const deadline = performance.now() + 60_000; ;) {
    try {
      const response = await fetch(new URL(where, `http://${registry}`), { method, ...init });
      return { status: response.status, text: await response.text(), headers: response.headers };
    } catch (error) {
      if (!(error instanceof TypeError) || performance.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

interface Content {
  readonly text: string;
  readonly blobs: readonly string[];
  /** Of an index. */
  readonly members: readonly Content[];
}

const described = (mediaType: string, content: string): object => ({
  mediaType,
  digest: digestOf(content),
  size: Buffer.byteLength(content),
});

function imageOf(blobs: readonly string[], more: object = {}): Content {
  const [config = '', ...layers] = blobs;
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: described(mediaTypes.config, config),
    layers: layers.map((layer) => described(mediaTypes.layer, layer)),
    ...more,
  });
  return { text, blobs, members: [] };
}

function indexOf(members: readonly Content[]): Content {
  const manifests = members.map(({ text }) => described(mediaTypes.manifest, text));
  const document = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
  return { text: JSON.stringify(document), blobs: [], members };
}

/** Asks for each blob, mounts or pushes what is not there, and pushes the manifest; again, when something was collected meanwhile. */
async function push(repository: string, reference: string, content: Content): Promise<void> {
  const type = content.members.length > 0 ? mediaTypes.index : mediaTypes.manifest;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    for (const member of content.members) await push(repository, digestOf(member.text), member);
    for (const blob of content.blobs) {
      const digest = digestOf(blob);
      const uploads = `/v2/${repository}/blobs/uploads/`;
      if ((await ask('HEAD', `/v2/${repository}/blobs/${digest}`)).status === 200) continue;
      const mounted = await ask('POST', `${uploads}?mount=${digest}&from=storm/old`);
      if (mounted.status === 201) continue;
      await ask('DELETE', mounted.headers.get('location') ?? '');
      expect((await ask('POST', `${uploads}?digest=${digest}`, { body: blob })).status).toBe(201);
    }
    const init = { body: content.text, headers: { 'content-type': type } };
    const answer = await ask('PUT', `/v2/${repository}/manifests/${reference}`, init);
    if (answer.status === 201) return;
    expect(answer).toMatchObject({ text: expect.stringContaining('MANIFEST_BLOB_UNKNOWN') });
  }
  throw new Error('a push was refused twenty times');
}

/** One client with repositories of its own, which knows what has to be there. */
class Client {
  readonly #name: string;
  /** Everything that a tag was ever at, by digest, with where it is. */
  readonly #kept = new Map<Digest, string>();
  readonly #tags = new Map<string, Digest | undefined>();
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  async step(old: readonly string[]): Promise<void> {
    const repository = `storm/${this.#name}`;
    this.#count += 1;
    const tag = `t${this.#count % 9}`;
    const image = (more?: object): Content =>
      imageOf([...new Set(['{}', pick(old), pick(old), `${this.#name} ${this.#count}`])], more);
    const tagged = ['image', 'index', 'referrer', 'composed'] as const;
    switch (pick([...tagged, ...tagged, 'untagged', 'untag', 'forget'] as const)) {
      case 'image':
        return this.#tag(repository, tag, image());
      case 'index':
        return this.#tag(repository, tag, indexOf([image(), image({ annotations: { of: tag } })]));
      case 'untagged': {
        const content = image();
        return push(repository, digestOf(content.text), content);
      }
      case 'referrer': {
        const digest = pick([...this.#kept.keys(), digestOf('absent')]);
        const subject = { mediaType: mediaTypes.manifest, size: 9, digest };
        return this.#tag(repository, tag, image({ subject }));
      }
      case 'composed':
        return this.#compose(`${repository}/composed`, tag);
      case 'untag': {
        expect([202, 404]).toContain(
          (await ask('DELETE', `/v2/${repository}/manifests/${tag}`)).status,
        );
        this.#tags.set(`${repository}:${tag}`, undefined);
        return;
      }
      case 'forget':
        return this.#forget();
    }
  }

  async #tag(repository: string, tag: string, content: Content): Promise<void> {
    await push(repository, tag, content);
    this.#note(repository, tag, digestOf(content.text));
  }

  #note(repository: string, tag: string, digest: Digest): void {
    this.#kept.set(digest, repository);
    this.#tags.set(`${repository}:${tag}`, digest);
  }

  async #compose(repository: string, tag: string): Promise<void> {
    const overlay = { environment: { OF: pick(['same', `${this.#name} ${this.#count}`]) } };
    const body = `${JSON.stringify({ base: 'static', repository, tags: [tag], overlay })}\n`;
    const headers = { 'content-type': 'application/x-ndjson' };
    for (;;) {
      const { text } = await ask('POST', '/api/compositions', { body, headers });
      const [line = ''] = text.split('\n');
      const answer = JSON.parse(line) as CompositionAnswer;
      if ('digest' in answer) return this.#note(repository, tag, answer.digest as Digest);
      expect(answer.error.code).toBe('COMPOSE_INTERRUPTED');
    }
  }

  /** Deletes a manifest. */
  async #forget(): Promise<void> {
    const [digest, repository] = pick([...this.#kept, [undefined, ''] as const]);
    if (digest === undefined) return;
    await ask('DELETE', `/v2/${repository}/manifests/${digest}`);
    this.#kept.delete(digest);
    for (const [name, at] of this.#tags) if (at === digest) this.#tags.set(name, undefined);
  }

  /** Everything that has to be there is, with every byte of it. */
  async check(): Promise<number> {
    for (const [digest, repository] of this.#kept) {
      const referrers = await expectWhole(repository, digest);
      // A composed image is signed, and has a bill of materials and a provenance.
      if (repository.endsWith('/composed')) expect(referrers).toBeGreaterThanOrEqual(3);
    }
    for (const [name, digest] of this.#tags) {
      const [repository = '', tag = ''] = name.split(':');
      const { status, headers } = await ask('HEAD', `/v2/${repository}/manifests/${tag}`);
      const at = status === 200 ? headers.get('docker-content-digest') : undefined;
      expect([name, at]).toEqual([name, digest]);
    }
    return this.#kept.size;
  }
}

interface Listed {
  readonly config?: { readonly digest: Digest };
  readonly layers?: readonly { readonly digest: Digest }[];
  readonly manifests?: readonly { readonly digest: Digest }[];
}

/** With all that it lists and all that is about it; how many that are. */
async function expectWhole(repository: string, digest: Digest): Promise<number> {
  const address = `/v2/${repository}/manifests/${digest}`;
  const manifest = await ask('GET', address);
  expect([address, manifest.status, digestOf(manifest.text)]).toEqual([address, 200, digest]);
  const { config, layers = [], manifests = [] } = JSON.parse(manifest.text) as Listed;
  for (const blob of [...(config === undefined ? [] : [config]), ...layers]) {
    const response = await fetch(`http://${registry}/v2/${repository}/blobs/${blob.digest}`);
    const found = digestOf(await response.bytes());
    expect([address, response.status, found]).toEqual([address, 200, blob.digest]);
  }
  const referrers = await ask('GET', `/v2/${repository}/referrers/${digest}`);
  const listed = (JSON.parse(referrers.text) as Listed).manifests ?? [];
  for (const member of [...manifests, ...listed]) await expectWhole(repository, member.digest);
  return listed.length;
}

/** Sweeps until it is told that it was done, or the server was killed. */
async function sweep(): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  await ask('POST', '/api/gc', { body: '{"dryRun":false}', headers });
  for (;;) {
    const { running, outcome } = JSON.parse((await ask('GET', '/api/gc')).text) as GarbageStatus;
    const removed = outcome?.report?.removed ?? [];
    if (running === null) return removed.reduce((sum, { count }) => sum + count, 0);
    await sleep(20);
  }
}

/** Makes everything as old as that, and the server forget what it used lately. */
async function age(ms: number): Promise<void> {
  const database = connect({ socketDirectory: socketDirectoryOf(factory.home) });
  await database
    .updateTable('registry_blob')
    .set((row) => ({ linked_at: row('linked_at', '-', ms) }))
    .execute();
  await database
    .updateTable('registry_manifest')
    .set((row) => ({ pushed_at: row('pushed_at', '-', ms) }))
    .execute();
  await database
    .updateTable('blob_pack')
    .set((row) => ({ used_at: row('used_at', '-', ms) }))
    .execute();
  await database.destroy();
  const folder = path.join(factory.home, 'blobs');
  for (const name of fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = path.join(folder, name);
    const { atimeMs, mtimeMs } = fs.statSync(file);
    fs.utimesSync(file, atimeMs / 1000, (mtimeMs - ms) / 1000);
  }
  killServer();
}

function killServer(): void {
  const pid = processOf(factory.home, 'server');
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}

test('what is or was tagged stays whole, whoever pushes, composes, deletes and sweeps, and whoever is killed', async () => {
  process.stderr.write(`KILN_SEED=${seed}\n`);
  const clients = ['a', 'b', 'c', 'd'].map((name) => new Client(name));
  const old = Array.from({ length: 60 }, (_, at) => `old layer ${at}`);
  let collected = 0;
  let kept = 0;
  for (let round = 0; round < 5; round += 1) {
    // What the sweep is about to remove is what clients push again.
    for (const content of old.map((layer) => imageOf(['{}', layer])))
      await push('storm/old', digestOf(content.text), content);
    await age(20 * dayMs);
    let over = false;
    const clientsWork = clients.map(async (client) => {
      while (!over) await client.step(old);
    });
    const sweeping = (async () => {
      while (!over) collected += await sweep();
    })();
    await sleep(1000 + random.next() * 3000);
    killServer();
    await sleep(2000 + random.next() * 1000);
    over = true;
    await Promise.all([...clientsWork, sweeping]);
    collected += await sweep();
    kept = 0;
    for (const client of clients) kept += await client.check();
  }
  expect(collected).toBeGreaterThan(60);
  expect(kept).toBeGreaterThan(0);
  process.stderr.write(`${kept} manifests kept, ${collected} rows and blobs collected beside\n`);
}, 300_000);
