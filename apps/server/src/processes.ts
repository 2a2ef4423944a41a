import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { CatalogProblem } from '@kiln/factory';
import { diskFull } from '@kiln/factory';
import { KilnError, jsonLogger, messageOf, systemClock } from '@kiln/base';
import type { Logger } from '@kiln/base';
import type { RetentionPolicy } from '@kiln/retention';
import { openFactory, signingLedger } from './compose.ts';
import { waitForDatabase, waitForSchema } from './database.ts';
import { hold } from './hold.ts';
import { inTurn } from './in-turn.ts';
import { readInstallation } from './installation.ts';
import { endEarly, endWith } from './lifetime.ts';
import type { Place } from './place.ts';

export interface ProcessOptions {
  readonly place: Place;
  readonly port: number;
  readonly version: string;
  /** The catalog of Kiln OS. */
  readonly osCatalog: string;
  readonly catalog: string | undefined;
  readonly only: readonly string[];
  /** How long between two looks at everything. */
  readonly resyncMs: number;
  /** How long what nothing keeps stays. */
  readonly retention: RetentionPolicy;
  /** Hosts of private networks that builds may reach. */
  readonly networkAllow: readonly string[];
  /** What names proxies by which this machine reaches others. */
  readonly proxyVariables: Readonly<Record<string, string>>;
}

/** A line that cannot be written, because the disk is full, costs the line and not the process. */
function writeLine(line: string): void {
  try {
    fs.writeSync(1, line);
  } catch {
    // There is nowhere left to say so.
  }
}

function logger(name: string): Logger {
  return jsonLogger(writeLine, systemClock, { process: name });
}

const graceMs = 10_000;
/** How often it is looked whether it is time for a sweep; the first time this long after the start. */
const sweepLookMs = 10 * 60_000;
/** How long a process waits for the one before it to end. */
const predecessorMs = 20_000;

/** The signer: the only process that holds keys. Runs until it is told to end. */
export async function signerProcess({ place }: ProcessOptions): Promise<void> {
  endEarly();
  const { runSigner } = await import('@kiln/keys-file');
  const log = logger('signer');
  await hold(place, 'signer', predecessorMs);
  const factory = openFactory(place, log, 'signer');
  const signer = await runSigner({
    keysDirectory: place.keys,
    publicDirectory: place.publicKeys,
    socketPath: place.signerSocket,
    ledger: signingLedger(factory.records, factory.blobs),
    log,
  });
  endWith(async () => {
    await signer.close();
    await factory[Symbol.asyncDispose]();
  }, graceMs);
}

/** The HTTP server, which also keeps the desired state equal to the catalogs. Runs until it is told to end. */
export async function serverProcess(options: ProcessOptions): Promise<void> {
  endEarly();
  const { place, port } = options;
  const { CatalogKeeper } = await import('./catalog-keeper.ts');
  const { readExpectedDurations } = await import('./expected-durations.ts');
  const { ComposingThreads } = await import('./composing-threads.ts');
  const { keepRetention } = await import('./retention-keeper.ts');
  const { OwnImages } = await import('./own-images.ts');
  const { makeServer } = await import('./server.ts');
  const { refuseUnknown } = await import('./views.ts');
  const log = logger('server');
  await hold(place, 'server', predecessorMs);
  // This process loads its modules while PostgreSQL starts; keys are made before the schema.
  await waitForSchema(place.home, log);
  const factory = openFactory(place, log, 'server');
  const folders = (catalog: string | undefined): { label: string; folder: string }[] => [
    { label: 'catalog', folder: options.osCatalog },
    ...(catalog === undefined ? [] : [{ label: path.basename(catalog), folder: catalog }]),
  ];
  const selection = readSelection(place, { only: options.only, catalog: options.catalog });
  const keeper = new CatalogKeeper({
    blobs: factory.blobs,
    records: factory.records,
    folders: folders(selection.catalog),
    only: selection.only,
    arch: 'x86_64',
    log,
  });
  const retention = keepRetention(factory, place, { policy: options.retention, log });
  const compositions = new ComposingThreads({ place, version: options.version, log });
  let current = selection;
  const take = async (chosen: Selection): Promise<void> => {
    current = chosen;
    await keeper.select({ folders: folders(chosen.catalog), only: chosen.only });
  };
  const registry = `localhost:${port}`;
  const imageKey = path.join(place.publicKeys, 'image.pub');
  const api = {
    views: {
      records: factory.records,
      queue: factory.queue,
      registry: factory.registry,
      blobs: factory.blobs,
      expected: await readExpectedDurations(path.join(options.osCatalog, 'durations.yaml')),
      unreadable: (): readonly CatalogProblem[] => [...keeper.unreadable.values()],
    },
    components: { components: factory.components, registry: factory.registry },
    retention,
    compositions,
    images: new OwnImages({ ...factory, publicKey: imageKey, registryAddress: () => registry }),
    queue: factory.queue,
    clock: factory.clock,
    attempts: place.attempts,
    addresses: () => ({
      version: options.version,
      home: place.home,
      console: `http://localhost:${port}/`,
      registry,
      packages: `http://localhost:${port}/apk/${keeper.names[0] ?? ''}`,
      key: imageKey,
    }),
    select: inTurn(async ({ only, catalog }: Selection) => {
      const before = current;
      await take({ only, catalog: catalog ?? current.catalog });
      try {
        // Which names there are is known when the catalog was read.
        await refuseUnknown(api.views, await factory.records.listDesired(), only);
      } catch (error) {
        await take(before);
        throw error;
      }
      // A server that is killed before goes on with what was asked for before.
      writeSelection(place, current);
      await factory.queue.retry();
    }),
  };
  writeSelection(place, selection);
  // The first reading comes before the first answer, so that nobody sees an empty catalog.
  await keeper.start();
  // Whoever starts the factory wants parked keys tried again.
  await factory.queue.retry();
  const server = await makeServer({
    factory,
    place,
    api,
    log,
    consoleFolder: path.join(place.root, 'apps/console/dist'),
  });
  await server.listen({ port, host: '127.0.0.1' });
  log.info('server listens', { port });
  const resyncAll = async (): Promise<void> => {
    const desired = await factory.records.listDesired();
    await factory.queue.enqueue(
      desired.map((one) => ({ key: one.key, priority: 0, reason: 'resync' })),
    );
  };
  const looksAgain = (): void =>
    void resyncAll().catch((error: unknown) =>
      log.warn('resync failed', { error: messageOf(error) }),
    );
  // At the start too: what was lost while nothing ran, and what this Kiln makes otherwise than the one before.
  looksAgain();
  const resync = setInterval(looksAgain, options.resyncMs);
  const widen = setInterval(
    () => void (current.only.length > 0 ? keeper.refresh() : Promise.resolve()),
    1_000,
  );
  const sweeping = setInterval(
    () =>
      void retention
        .sweepIfDue()
        .catch((error: unknown) => log.warn('sweep not begun', { error: messageOf(error) })),
    sweepLookMs,
  );
  endWith(async () => {
    clearInterval(resync);
    clearInterval(widen);
    clearInterval(sweeping);
    await retention.close();
    await keeper.close();
    await compositions.close();
    await server.close();
    await factory[Symbol.asyncDispose]();
  }, graceMs);
}

interface Selection {
  readonly only: readonly string[];
  readonly catalog: string | undefined;
}

/** A server that was started again goes on with what it was last asked for. */
function readSelection(place: Place, given: Selection): Selection {
  const file = path.join(place.run, 'selection.json');
  try {
    const before = JSON.parse(fs.readFileSync(file, 'utf8')) as Selection & {
      readonly supervisor: number;
    };
    return before.supervisor === process.ppid ? before : given;
  } catch {
    // The first start.
    return given;
  }
}

function writeSelection(place: Place, selection: Selection): void {
  const file = path.join(place.run, 'selection.json');
  fs.writeFileSync(`${file}.new`, JSON.stringify({ ...selection, supervisor: process.ppid }));
  fs.renameSync(`${file}.new`, file);
}

/** A worker: reconciles keys until it is told to end. */
export async function workerProcess(options: ProcessOptions): Promise<void> {
  const { runWorker } = await import('./worker.ts');
  const log = logger('worker');
  const factory = openFactory(options.place, log, 'worker');
  await waitForDatabase(() => factory.queue.counts(), log);
  const stop = new AbortController();
  const running = runWorker({
    factory,
    place: options.place,
    version: options.version,
    networkAllow: options.networkAllow,
    proxyVariables: options.proxyVariables,
    owner: `${os.hostname()}/${process.pid}`,
    log,
    signal: stop.signal,
  });
  endWith(async () => {
    stop.abort();
    await running;
    await factory[Symbol.asyncDispose]();
  }, graceMs);
  await running;
}

/** What the command that started the supervisor is told. */
function tell(message: unknown): void {
  if (process.connected) process.send?.(message);
}

/** The supervisor: starts everything and keeps it running until it is told to end. */
export async function supervisorProcess(
  options: ProcessOptions & {
    readonly argv: readonly string[];
    startTicks(pid: number): string | undefined;
  },
): Promise<void> {
  const { place } = options;
  const { rotateLogs, supervise } = await import('./supervise.ts');
  const log = logger('supervisor');
  const factoryFile = path.join(place.run, 'factory.json');
  const installation = readInstallation(place.root);
  try {
    rotateLogs(place);
    const supervision = await supervise({
      place,
      port: options.port,
      argv: options.argv,
      environment: Object.fromEntries(
        Object.entries(process.env).filter(
          (pair): pair is [string, string] => pair[1] !== undefined,
        ),
      ),
      log,
      onStage: (stage) => tell({ kind: 'stage', stage }),
    });
    const running = {
      pid: process.pid,
      startTicks: options.startTicks(process.pid),
      port: supervision.port,
      installation,
    };
    fs.writeFileSync(`${factoryFile}.new`, JSON.stringify(running));
    fs.renameSync(`${factoryFile}.new`, factoryFile);
    tell({ kind: 'started' });
    if (process.connected) process.disconnect?.();
    const stop = async (): Promise<void> => {
      await supervision.stop();
      fs.rmSync(place.runtime, { recursive: true, force: true });
      fs.rmSync(factoryFile, { force: true });
    };
    const end = endWith(stop, 60_000);
    supervision.home.whenGone((gone) => {
      log.error('the home was removed, the factory ends', { gone });
      end();
    });
  } catch (error) {
    log.error('the factory did not start', { error: messageOf(error) });
    const known = diskFull(error) ?? (error instanceof KilnError ? error : undefined);
    tell({
      kind: 'failed',
      code: known?.code ?? 'INTERNAL',
      message: messageOf(known ?? error),
      hint: known?.hint ?? 'kiln logs supervisor',
    });
    process.exit(1);
  }
}
