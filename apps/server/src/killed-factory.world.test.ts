import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { socketDirectoryOf, startEmbeddedPostgres, stopEmbeddedPostgres } from '@kiln/postgres';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hold } from './hold.ts';
import { clearKilledFactory } from './killed-factory.ts';
import { placeOf } from './place.ts';

let home: string;
let runtime: string;

beforeEach(async () => {
  home = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-killed-')));
  runtime = socketDirectoryOf(home);
  await startEmbeddedPostgres({ home });
});

afterEach(async () => {
  await stopEmbeddedPostgres(home);
  for (const folder of [home, runtime]) fs.rmSync(folder, { recursive: true, force: true });
});

test('the database of a killed factory ends, and its folder of sockets goes', async () => {
  const place = placeOf('/', home, runtime);
  await clearKilledFactory(place);
  expect([fs.existsSync(runtime), await stopEmbeddedPostgres(home)]).toEqual([false, false]);
  await clearKilledFactory(place);
});

test('a factory that starts is left alone', async () => {
  const place = placeOf('/', home, runtime);
  await hold(place, 'supervisor', 0);
  await clearKilledFactory(place);
  expect([fs.existsSync(runtime), await stopEmbeddedPostgres(home)]).toEqual([true, true]);
});
