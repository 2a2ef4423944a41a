import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { connect } from './connect.ts';
import { startEmbeddedPostgres, stopEmbeddedPostgres } from './embedded.ts';
import { asOrdinaryUser } from './launch.ts';
import { isAlive } from './postmaster.ts';
import { sql } from 'kysely';

const root = mkdtempSync(path.join(os.tmpdir(), 'kiln-embedded-'));
const one = path.join(root, 'one');
const two = path.join(root, 'two');

afterAll(async () => {
  await stopEmbeddedPostgres(one);
  await stopEmbeddedPostgres(two);
  rmSync(root, { recursive: true, force: true });
});

async function ask(socketDirectory: string, text: string): Promise<unknown> {
  const db = connect({ socketDirectory });
  try {
    const result = await sql.raw<{ answer: unknown }>(`select (${text}) as answer`).execute(db);
    return result.rows[0]?.answer;
  } finally {
    await db.destroy();
  }
}

async function run(socketDirectory: string, text: string): Promise<void> {
  const db = connect({ socketDirectory });
  try {
    await sql.raw(text).execute(db);
  } finally {
    await db.destroy();
  }
}

test('two homes run side by side, durable, private and without TCP', async () => {
  const [first, second] = await Promise.all([
    startEmbeddedPostgres({ home: one }),
    startEmbeddedPostgres({ home: two }),
  ]);
  expect(first.pid).not.toBe(second.pid);
  expect(first.socketDirectory).not.toBe(second.socketDirectory);
  expect(statSync(first.socketDirectory).mode & 0o777).toBe(0o700);
  expect(await ask(first.socketDirectory, `select current_setting('listen_addresses')`)).toBe('');
  expect(await ask(first.socketDirectory, `select current_setting('fsync')`)).toBe('on');
  expect(await ask(first.socketDirectory, `select current_setting('server_encoding')`)).toBe(
    'UTF8',
  );
  await run(first.socketDirectory, `create table seen (n int); insert into seen values (1)`);
  await run(second.socketDirectory, `create table seen (n int); insert into seen values (2)`);
  expect(await ask(first.socketDirectory, `select n from seen`)).toBe(1);
  expect(await ask(second.socketDirectory, `select n from seen`)).toBe(2);
});

test('a start that finds the server running adopts it', async () => {
  const adopted = await startEmbeddedPostgres({ home: one });
  expect(adopted.adopted).toBe(true);
  expect(await ask(adopted.socketDirectory, `select n from seen`)).toBe(1);
});

test('several starts at once share one server', async () => {
  await stopEmbeddedPostgres(one);
  const servers = await Promise.all([1, 2, 3].map(() => startEmbeddedPostgres({ home: one })));
  expect(new Set(servers.map(({ pid }) => pid)).size).toBe(1);
});

test('after kill -9 the next start recovers what was committed, three times in a row', async () => {
  for (let round = 0; round < 3; round += 1) {
    const server = await startEmbeddedPostgres({ home: one });
    await run(server.socketDirectory, `insert into seen values (${10 + round})`);
    process.kill(server.pid, 'SIGKILL');
    await server.exited();
  }
  const server = await startEmbeddedPostgres({ home: one });
  expect(await ask(server.socketDirectory, `select count(*)::int from seen`)).toBe(4);
  expect(readFileSync(path.join(one, 'log', 'postgres.log'), 'utf8')).toContain(
    'automatic recovery',
  );
});

test('a stale pid file whose number now belongs to another process does not stop the start', async () => {
  await stopEmbeddedPostgres(one);
  const pidFile = path.join(one, 'postgres', 'postmaster.pid');
  writeFileSync(
    pidFile,
    `${process.pid}\n${path.join(one, 'postgres')}\n0\n5432\n\n\n0 0\nready   \n`,
  );
  const server = await startEmbeddedPostgres({ home: one });
  expect(server.adopted).toBe(false);
  expect(await ask(server.socketDirectory, `select count(*)::int from seen`)).toBe(4);
});

test('an empty pid file is not taken from a server that may be about to write it, and does not stay for ever', async () => {
  await stopEmbeddedPostgres(one);
  const pidFile = path.join(one, 'postgres', 'postmaster.pid');
  writeFileSync(pidFile, '');
  await expect(startEmbeddedPostgres({ home: one, readyMs: 6000 })).rejects.toMatchObject({
    code: 'POSTGRES_START_FAILED',
    message: expect.stringContaining('is empty'),
  });
  expect(readFileSync(pidFile, 'utf8')).toBe('');
  utimesSync(pidFile, 1, 1);
  expect((await startEmbeddedPostgres({ home: one })).adopted).toBe(false);
});

test('stopping is orderly, complete, and may be repeated', async () => {
  const server = await startEmbeddedPostgres({ home: one });
  await server.stop();
  expect(isAlive(server.pid)).toBe(false);
  expect(existsSync(path.join(one, 'postgres', 'postmaster.pid'))).toBe(false);
  expect(await stopEmbeddedPostgres(one)).toBe(false);
  expect((await startEmbeddedPostgres({ home: one })).adopted).toBe(false);
});

test('what keeps a server from starting is said where it does not pass', async () => {
  const server = await startEmbeddedPostgres({ home: one });
  const pidFile = path.join(one, 'postgres', 'postmaster.pid');
  // Nobody sees that it runs, and it keeps its memory.
  rmSync(pidFile);
  await expect(startEmbeddedPostgres({ home: one, readyMs: 2000 })).rejects.toMatchObject({
    code: 'POSTGRES_START_FAILED',
    message: expect.stringContaining('shared memory block'),
  });
  process.kill(server.pid, 'SIGKILL');
  await server.exited();
});

test('a socket directory that is a link of somebody else is refused with a hint', async () => {
  const home = path.join(root, 'three');
  mkdirSync(home);
  const { socketDirectoryOf } = await import('./socket-directory.ts');
  const directory = socketDirectoryOf(home);
  symlinkSync(root, directory);
  try {
    await expect(startEmbeddedPostgres({ home })).rejects.toMatchObject({
      code: 'POSTGRES_SOCKET_UNUSABLE',
    });
  } finally {
    rmSync(directory);
  }
});

test('the server ends in order when the process that started it is killed', async () => {
  const home = path.join(root, 'four');
  const { spawn } = await import('node:child_process');
  const source = `
    import { startEmbeddedPostgres } from ${JSON.stringify(new URL('./embedded.ts', import.meta.url).href)};
    const server = await startEmbeddedPostgres({ home: ${JSON.stringify(home)} });
    console.log(server.pid);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = await new Promise<number>((resolve, reject) => {
    parent.once('exit', () => reject(new Error('it ended early')));

    parent.stdout.once('data', (text) => resolve(Number(text)));
  });
  expect(isAlive(pid)).toBe(true);
  parent.kill('SIGKILL');
  for (let waited = 0; isAlive(pid) && waited < 100; waited += 1) await sleep(100);
  expect(isAlive(pid)).toBe(false);
  expect(existsSync(path.join(home, 'postgres', 'postmaster.pid'))).toBe(false);
});

test('without bubblewrap one is told what to install', () => {
  const user = {
    uid: 0,
    stateDirectory: root,
    searchPath: '/nowhere',
    writable: [],
    hidden: [],
  };
  expect(() => asOrdinaryUser({ file: 'postgres', args: [] }, user)).toThrow(
    expect.objectContaining({
      code: 'POSTGRES_SANDBOX_MISSING',
      hint: expect.stringContaining('apt-get install bubblewrap') as string,
    }),
  );
});

test('whoever speaks SQL to the server sees no signing key and cannot write elsewhere', async () => {
  const home = path.join(root, 'keys-hidden');
  const keys = path.join(home, 'keys');
  mkdirSync(keys, { recursive: true });
  writeFileSync(path.join(keys, 'image.key'), 'secret');
  await using server = await startEmbeddedPostgres({ home });
  const db = connect(server);
  try {
    const file = path.join(keys, 'image.key');
    await expect(sql`select pg_read_file(${file})`.execute(db)).rejects.toThrow(/No such file/);
    await sql`create table seen (line text)`.execute(db);
    await expect(sql.raw(`copy seen from program 'cat ${file}'`).execute(db)).rejects.toThrow(
      /failed/,
    );
    await expect(
      sql.raw(`copy seen to '${path.join(home, 'written')}'`).execute(db),
    ).rejects.toThrow(/Read-only/);
  } finally {
    await db.destroy();
  }
});
