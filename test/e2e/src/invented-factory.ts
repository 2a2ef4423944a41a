import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { Clock } from '@kiln/base';
import { digestOf, silentLogger, systemRandom } from '@kiln/base';
import { FsBlobs, PackedBlobs } from '@kiln/blobs-fs';
import type {
  ActionResult,
  CatalogProblem,
  Desired,
  FactoryRecords,
  ImageResult,
  KeyState,
  RegistryState,
} from '@kiln/factory';
import { SignerClient } from '@kiln/keys-file';
import {
  PostgresComponentIndex,
  PostgresPackIndex,
  PostgresQueue,
  PostgresRecords,
  PostgresRegistryState,
  PostgresRetention,
  connect,
  migrate,
  startEmbeddedPostgres,
} from '@kiln/postgres';
import { retentionDefault } from '@kiln/retention';
import type { Failure, Key, OwnedKey } from '@kiln/queue';
import { prefixOf } from '@kiln/queue';
import type { Place } from '@kiln/server';
import { placeOf } from '@kiln/server';
import { ComposingThreads } from '@kiln/server/composing';
import { OwnImages } from '@kiln/server/images';
import { keepRetention } from '@kiln/server/retention';
import { makeServer } from '@kiln/server/server';
import type { FixtureVersion } from '@kiln/server/testing';
import { publishVersion } from '@kiln/server/testing';
import { imageKeyPair } from '@kiln/trust/testing';

/** How one attempt goes. */
export interface AttemptPlan {
  readonly reason: string;
  /** How long ago it started. */
  readonly agoMs: number;
  /** How long it took; undefined: it goes on. */
  readonly tookMs: number | undefined;
  readonly log?: string;
  readonly failure?: Failure;
}

/** A server over records that tests write themselves. No worker runs, nothing is built. */
export interface InventedFactory extends AsyncDisposable {
  readonly url: string;
  readonly place: Place;
  readonly records: FactoryRecords;
  readonly queue: PostgresQueue;
  readonly problems: CatalogProblem[];
  /** Durations to expect, in milliseconds. */
  readonly expected: Map<string, number>;
  /** Plays one attempt at a key; an unfinished one is returned and stays claimed. */
  attempt(key: Key, plan: AttemptPlan): Promise<OwnedKey>;
  writeLog(claim: OwnedKey, text: string): void;
  /** Writes the state of a key as a reconciler would. */
  state(key: Key, change: Partial<KeyState> & Pick<KeyState, 'status'>): Promise<void>;
  /** Records a result and makes the key ready with it. */
  ready(key: Key, result?: ActionResult): Promise<void>;
  /** Publishes a version of an image of a catalog, which is then the present one. */
  publish(version: FixtureVersion): Promise<ImageResult>;
  readonly registry: RegistryState;
  /** Does something as if it were that long ago. */
  ago<T>(agoMs: number, work: () => Promise<T>): Promise<T>;
  /** Ends the server and starts it again on its port. */
  stopServer(): Promise<void>;
  startServer(): Promise<void>;
}

const root = path.resolve(import.meta.dirname, '../../..');

export async function inventedFactory(consoleFolder: string): Promise<InventedFactory> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'kiln-invented-'));
  const place = placeOf(root, home, home);
  for (const folder of [place.attempts, place.publicKeys, place.uploads, place.blobs])
    mkdirSync(folder, { recursive: true });
  const postgres = await startEmbeddedPostgres({ home });
  const database = connect(postgres);
  await migrate(database);
  // Attempts of the past are played by setting the clock back.
  let backMs = 0;
  const clock: Clock = { now: () => Date.now() - backMs };
  const queue = new PostgresQueue({ db: database, clock });
  const records = new PostgresRecords({ database, queue, clock });
  const files = new FsBlobs({ directory: place.blobs, clock });
  const registryState = new PostgresRegistryState({ database, clock });
  const imageKey = imageKeyPair();
  writeFileSync(path.join(place.publicKeys, 'image.pub'), imageKey.publicPem);
  const problems: CatalogProblem[] = [];
  const expected = new Map<string, number>();
  const claims: OwnedKey[] = [];
  let port = 0;
  const start = async (): Promise<Awaited<ReturnType<typeof makeServer>>> => {
    const registry = (): string => `localhost:${port}`;
    const factory = {
      blobs: new PackedBlobs({ files, index: new PostgresPackIndex({ database }), clock }),
      files,
      queue,
      records,
      registry: registryState,
      components: new PostgresComponentIndex(database),
      retention: new PostgresRetention(database),
      signer: new SignerClient({ socketPath: place.signerSocket }),
      clock,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const server = await makeServer({
      factory,
      place,
      log: silentLogger,
      consoleFolder,
      api: {
        views: {
          records,
          queue,
          registry: registryState,
          blobs: factory.blobs,
          expected,
          unreadable: () => problems,
        },
        components: { components: factory.components, registry: registryState },
        retention: keepRetention(factory, place, { policy: retentionDefault, log: silentLogger }),
        compositions: new ComposingThreads({ place, version: '0.1.0', log: silentLogger }),
        images: new OwnImages({
          ...factory,
          publicKey: path.join(place.publicKeys, 'image.pub'),
          registryAddress: registry,
        }),
        queue,
        clock,
        attempts: place.attempts,
        addresses: () => ({
          version: '0.1.0',
          home: '/home/ada/kiln/.kiln',
          console: `http://${registry()}/`,
          registry: registry(),
          packages: `http://${registry()}/apk/kiln-os`,
          key: '/home/ada/kiln/.kiln/public/image.pub',
        }),
        select: () => Promise.resolve(),
      },
    });
    await server.listen({ port, host: '127.0.0.1' });
    port = (server.server.address() as AddressInfo).port;
    return server;
  };
  let server = await start();
  const claim = async (key: Key, reason: string): Promise<OwnedKey> => {
    await queue.enqueue([{ key, reason, priority: 1000 }]);
    const [owned] = await queue.claim({
      owner: 'test',
      limit: 1,
      pools: [{ name: key, prefixes: [prefixOf(key)], concurrency: 1 }],
    });
    if (owned?.key !== key) throw new Error(`assertion failed: ${key} is claimed already`);
    claims.push(owned);
    return owned;
  };
  const writeLog = (owned: OwnedKey, text: string): void =>
    appendFileSync(path.join(place.attempts, `${owned.record.attemptId}.log`), text);
  const state: InventedFactory['state'] = async (key, change) => {
    const desired = await records.desired(key);
    if (desired === undefined) throw new Error(`assertion failed: ${key} is not desired`);
    await records.setState({
      key,
      desired: desired.bundle,
      stage: '',
      waitingFor: [],
      errorCode: '',
      errorMessage: '',
      errorHint: '',
      action: undefined,
      ...change,
    });
  };
  const ready: InventedFactory['ready'] = async (key, result) => {
    const action = digestOf(`action of ${key} ${systemRandom.id()}`);
    if (result !== undefined) await records.recordAction(action, key, result);
    await state(key, { status: 'ready', action });
  };
  return {
    url: `http://localhost:${port}`,
    place,
    records,
    queue,
    problems,
    expected,
    writeLog,
    state,
    ago: async (agoMs, work) => {
      backMs = agoMs;
      const result = await work();
      backMs = 0;
      return result;
    },
    attempt: async (key, plan) => {
      backMs = plan.agoMs;
      const owned = await claim(key, plan.reason);
      if (plan.log !== undefined) {
        await owned.attachLog(`${owned.record.attemptId}.log`);
        writeLog(owned, plan.log);
      }
      if (plan.tookMs !== undefined) {
        backMs = plan.agoMs - plan.tookMs;
        await (plan.failure === undefined ? owned.complete() : owned.deadLetter(plan.failure));
      }
      backMs = 0;
      return owned;
    },
    registry: registryState,
    publish: async (version) => {
      const into = { registry: registryState, blobs: files, privateKey: imageKey.privateKey };
      const result = await publishVersion(into, version);
      await ready(`image:${version.name}`, result);
      return result;
    },
    ready,
    stopServer: () => server.close(),
    startServer: async () => {
      if (!server.server.listening) server = await start();
    },
    [Symbol.asyncDispose]: async () => {
      for (const owned of claims) await owned.complete();
      await server.close();
      await database.destroy();
      await postgres.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The desired state of one key, with a bundle that follows from the key. */
export function desiredKey(key: Key, dependsOn: readonly Key[] = []): Desired {
  const [kind = '', rest = ''] = key.split(':');
  return {
    key,
    kind: kind as Desired['kind'],
    name: kind === 'seed' ? 'seed' : (rest.split('@')[0] ?? ''),
    catalog: 'catalog',
    bundle: digestOf(`bundle of ${key}`),
    dependsOn,
    mayNeed: [],
  };
}
