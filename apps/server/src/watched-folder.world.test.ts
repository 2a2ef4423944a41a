import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WatchedFolder } from './watched-folder.ts';

let folder: string;
let watched: WatchedFolder;
let changed: PromiseWithResolvers<void>;
const failures: unknown[] = [];

/** Does something to the folder, and waits until a change was told of after it. */
async function after(act: () => void): Promise<void> {
  // What is told of what came before is told in these turns.
  await setImmediate();
  await setImmediate();
  changed = Promise.withResolvers();
  act();
  await changed.promise;
}

const at = (...names: readonly string[]): string => path.join(folder, ...names);

function watch(): void {
  watched = new WatchedFolder({
    folder,
    onChange: () => changed.resolve(),
    onFailure: (error) => failures.push(error),
  });
}

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-watched-'));
  fs.mkdirSync(at('recipes', 'a'), { recursive: true });
  changed = Promise.withResolvers();
  failures.length = 0;
});

afterEach(() => {
  watched.close();
  fs.rmSync(folder, { recursive: true });
});

test('changes are told of at every depth, also in folders that came later or anew', async () => {
  watch();
  await after(() => fs.writeFileSync(at('catalog.yaml'), '1'));
  await after(() => fs.writeFileSync(at('recipes', 'a', 'a.yaml'), '1'));
  await after(() => fs.mkdirSync(at('images', 'b'), { recursive: true }));
  await after(() => fs.writeFileSync(at('images', 'b', 'b.yaml'), '1'));
  await after(() => fs.renameSync(at('recipes', 'a'), at('recipes', 'c')));
  await after(() => fs.mkdirSync(at('recipes', 'a')));
  await after(() => fs.writeFileSync(at('recipes', 'a', 'a.yaml'), '2'));
  await after(() => fs.writeFileSync(at('recipes', 'c', 'a.yaml'), '2'));
  expect(failures).toEqual([]);
});

test('a link that leads to itself is a change like another', async () => {
  watch();
  await after(() => fs.symlinkSync('loop', at('loop')));
  await after(() => fs.symlinkSync('loop', at('recipes', 'loop')));
  await after(() => fs.writeFileSync(at('recipes', 'a', 'a.yaml'), '1'));
  expect(failures).toEqual([]);
});

/** What this process watches, as the kernel has it. */
function watches(): number {
  const files = fs.readdirSync('/proc/self/fdinfo').map((name) => `/proc/self/fdinfo/${name}`);
  const texts = files.map((file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''));
  return texts.join('').split('inotify wd:').length - 1;
}

test('what is no part of a catalog is not watched', async () => {
  fs.mkdirSync(at('node_modules', 'a', 'b'), { recursive: true });
  fs.mkdirSync(at('recipes', '.git', 'c'), { recursive: true });
  const before = watches();
  watch();
  expect(watches() - before).toBe(3);
  await after(() => fs.mkdirSync(at('others', 'd'), { recursive: true }));
  await after(() => fs.mkdirSync(at('images')));
  expect(watches() - before).toBe(4);
});

test('a folder that cannot be watched is told of once', () => {
  fs.rmSync(folder, { recursive: true });
  watch();
  expect(failures).toEqual([expect.objectContaining({ code: 'ENOENT' })]);
  fs.mkdirSync(folder);
});
