import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@kiln/base';
import { KilnError, messageOf, systemClock } from '@kiln/base';
import { connect, isConnectionLost, migrate, startEmbeddedPostgres } from '@kiln/postgres';
import { checkConfinement, createKeys } from '@kiln/keys-file';
import { systemRandom } from '@kiln/base';
import { HeldFolders } from './held-folders.ts';
import { hold, released } from './hold.ts';
import { launch, launchConfined } from './launch.ts';
import type { Place } from './place.ts';
import type { LiveProcess, Role } from './supervisor.ts';
import { KeptProcess } from './supervisor.ts';

export interface SuperviseOptions {
  readonly place: Place;
  /** 0: any free port. */
  readonly port: number;
  /** The command line that runs one process of the factory, without the name of the process. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly log: Logger;
  /** Told what the start is at, in a few words for a person. */
  onStage(stage: string): void;
}

/** Another supervisor may be ending right now. */
const supervisorMs = 5_000;
/** What a killed supervisor leaves ends within two seconds, and its worker at once. */
const leftoverMs = 12_000;
const databaseMs = 60_000;

export interface Supervision {
  readonly port: number;
  readonly home: HeldFolders;
  stop(): Promise<void>;
}

/** A port that is free now on the loopback interface. Throws `FACTORY_PORT_IN_USE`. */
async function freePort(port: number): Promise<number> {
  const server = net.createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: '127.0.0.1', exclusive: true }, resolve);
    });
  } catch (error) {
    throw new KilnError('FACTORY_PORT_IN_USE', `port ${port} is in use or not allowed`, {
      hint: 'choose another with KILN_PORT, or KILN_PORT=0 for any free one',
      cause: error,
    });
  }
  const { port: taken } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return taken;
}

/** PostgreSQL as a kept process: adopted or started on the data that is there, and started again when it ends. */
function postgresRole(place: Place, log: Logger): Role {
  return {
    name: 'postgres',
    graceMs: 30_000,
    launch: async (): Promise<LiveProcess> => {
      const { home } = place;
      const server = await startEmbeddedPostgres({ home, initialise: false, logger: log });
      return {
        exited: server.exited().then(() => 'ended'),
        signal: async (name) => {
          if (name === 'SIGTERM') await server.stop();
        },
      };
    },
  };
}

/**
 * Starts the processes of one factory and keeps them running: PostgreSQL (with its schema brought up to date), the
 * signer, the server, and a worker that cannot reach the keys. Throws what keeps them from starting at all.
 */
export async function supervise(options: SuperviseOptions): Promise<Supervision> {
  const { place, log } = options;
  fs.mkdirSync(place.run, { recursive: true, mode: 0o700 });
  await takeOver(place, log);
  fs.mkdirSync(place.runtime, { recursive: true, mode: 0o700 });
  if (fs.statSync(place.runtime).uid !== (process.getuid?.() ?? 0)) {
    throw new KilnError('FACTORY_RUNTIME_FOREIGN', `${place.runtime} belongs to somebody else`, {
      hint: 'remove it, or set TMPDIR',
    });
  }
  try {
    return await startProcesses(options);
  } catch (error) {
    fs.rmSync(place.runtime, { recursive: true, force: true });
    throw error;
  }
}

async function startProcesses(options: SuperviseOptions): Promise<Supervision> {
  const { place, log } = options;
  const port = await freePort(options.port);
  const home = new HeldFolders();
  home.add(place.run);
  // A process that is started in a home which is being removed would make the home again.
  const kept = (one: Role): KeptProcess => {
    const launched = (): Promise<LiveProcess> => {
      home.mustBeThere();
      return one.launch();
    };
    return new KeptProcess({ ...one, launch: launched }, log, systemClock);
  };
  const postgres = kept(postgresRole(place, log));
  const environment = { ...options.environment, KILN_PORT: String(port) };
  const role = (name: string, start: typeof launch, nodeFlags: readonly string[] = []): Role => ({
    name,
    graceMs: 15_000,
    launch: () => {
      const [program = '', ...words] = options.argv;
      return start(place, { name, argv: [program, ...nodeFlags, ...words, name], environment });
    },
  });
  // The server loads while everything else gets ready, and waits for the schema.
  const server = kept(role('server', launch));
  try {
    await server.start();
    home.add(await prepare(options, postgres));
  } catch (error) {
    await Promise.all([server.stop(), postgres.stop()]);
    throw error;
  }
  const others = [
    kept(role('signer', launch, ['--disable-sigusr1'])),
    kept(role('worker', launchConfined)),
  ];
  await Promise.all(others.map((one) => one.start()));
  return {
    port,
    home,
    stop: async () => {
      await Promise.all([server, ...others].map((one) => one.stop()));
      await postgres.stop();
    },
  };
}

/** Keys, the proof that workers cannot reach them, and a database with its schema, whose folder this returns. */
async function prepare(options: SuperviseOptions, postgres: KeptProcess): Promise<string> {
  const { place, log } = options;
  options.onStage(fs.existsSync(place.keys) ? 'looking at the keys' : 'making keys');
  await createKeys({ keysDirectory: place.keys, publicDirectory: place.publicKeys }, systemRandom);
  await checkConfinement({
    home: place.home,
    keysDirectory: place.keys,
    workingDirectory: place.root,
  });
  options.onStage('starting PostgreSQL');
  const dataDirectory = await prepareDatabase(place, log);
  await postgres.start();
  return dataDirectory;
}

/**
 * Becomes the one supervisor of the home. One that was killed leaves processes that end by themselves within seconds;
 * they are waited for, since they still have the port and the folders. What does not end in time is waited for again by
 * whoever takes its role.
 */
async function takeOver(place: Place, log: Logger): Promise<void> {
  await hold(place, 'supervisor', supervisorMs);
  for (const role of ['server', 'signer', 'worker'])
    if (!(await released(place, role, leftoverMs)))
      log.warn('a process of the factory before does not end', { process: role });
}

/**
 * Starts the database and brings its schema up to date. One that was adopted may have been on its way out: then it is
 * started and asked again. Returns its folder. Throws what keeps it from starting at all.
 */
async function prepareDatabase(place: Place, log: Logger): Promise<string> {
  const deadline = performance.now() + databaseMs;
  for (;;) {
    const { dataDirectory, socketDirectory } = await startEmbeddedPostgres({
      home: place.home,
      logger: log,
    });
    const database = connect({ socketDirectory });
    try {
      await migrate(database);
      return dataDirectory;
    } catch (error) {
      if (!isConnectionLost(error) || performance.now() > deadline) throw error;
      log.warn('the database went away while its schema was looked at', {
        error: messageOf(error),
      });
      await sleep(200);
    } finally {
      await database.destroy();
    }
  }
}

/** Removes logs of the factory's processes above 16 MiB, keeping the last one as `.1`. */
export function rotateLogs(place: Place): void {
  for (const name of ['supervisor', 'server', 'worker', 'signer']) {
    const file = path.join(place.logs, `${name}.log`);
    const size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size > 16 * 1024 * 1024) fs.renameSync(file, `${file}.1`);
  }
}
