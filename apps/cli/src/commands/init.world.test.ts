import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseInvocation } from '../command.ts';
import { readConfig } from '../config.ts';
import { init } from './init.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-init-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const print = { data: () => undefined, talk: () => undefined };
const run = (...words: readonly string[]): Promise<number> =>
  init.run(parseInvocation(init, words, readConfig({}), print));

test('a catalog is called as asked, or nearly as its folder', async () => {
  const one = path.join(folder, 'My Catalog');
  expect(await run(one)).toBe(0);
  expect(fs.readFileSync(path.join(one, 'catalog.yaml'), 'utf8')).toContain('\nname: my-catalog\n');
  await expect(run(path.join(folder, 'two'), '--name', 'MyCat')).rejects.toMatchObject({
    code: 'USAGE',
    message: '--name is "MyCat"',
  });
  expect(fs.readdirSync(folder)).toEqual(['My Catalog']);
});

test('the command that comes next can be copied, whatever the folder is called', async () => {
  let told = '';
  const three = path.join(folder, 'is #3');
  const talking = { ...print, talk: (text: string) => (told += text) };
  await init.run(parseInvocation(init, [three], readConfig({}), talking));
  expect(told).toContain(`kiln up --catalog '${three}' --only hello`);
  fs.rmSync(three, { recursive: true });
});

test('what cannot be written whole is not there at all', async () => {
  const blocked = path.join(folder, 'blocked');
  fs.mkdirSync(blocked);
  const writeFileSync = fs.writeFileSync.bind(fs);
  let written = 0;
  fs.writeFileSync = (...args: Parameters<typeof writeFileSync>) => {
    if (++written === 3) throw new Error('full');
    writeFileSync(...args);
  };
  try {
    await expect(run(path.join(blocked, 'a', 'b'))).rejects.toThrow('full');
  } finally {
    fs.writeFileSync = writeFileSync;
  }
  expect(fs.readdirSync(blocked)).toEqual([]);
});
