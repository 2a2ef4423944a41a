import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hold, released } from './hold.ts';
import { placeOf } from './place.ts';

let home: string;

beforeAll(() => {
  home = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-hold-')));
});

afterAll(() => {
  fs.rmSync(home, { recursive: true });
});

const place = (): ReturnType<typeof placeOf> => placeOf('/', home, home);

/** A process that holds a role until it is killed. */
async function holder(role: string): Promise<ReturnType<typeof spawn>> {
  const script = `
    const { hold } = await import(${JSON.stringify(path.join(import.meta.dirname, 'hold.ts'))});
    await hold(${JSON.stringify(place())}, ${JSON.stringify(role)}, 0);
    process.stdout.write('held');
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`exit ${code}`)));
  });
  return child;
}

test('a role is held by one process, and is free the moment that one is killed', async () => {
  const child = await holder('worker');
  await expect(hold(place(), 'worker', 100)).rejects.toMatchObject({ code: 'FACTORY_HELD' });
  expect(await released(place(), 'worker', 100)).toBe(false);
  const waiting = hold(place(), 'worker', 10_000);
  child.kill('SIGKILL');
  await waiting;
  expect(await released(place(), 'worker', 0)).toBe(false);
});

test('other roles and other homes are other names', async () => {
  const child = await holder('signer');
  await hold(place(), 'server', 0);
  const other = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-hold-')));
  await hold(placeOf('/', other, other), 'signer', 0);
  fs.rmSync(other, { recursive: true });
  child.kill('SIGKILL');
  expect(await released(place(), 'signer', 5_000)).toBe(true);
});
