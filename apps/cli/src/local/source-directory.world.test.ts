import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { collect } from '@kiln/base';
import { afterAll, expect, test } from 'vitest';
import { sourceFiles } from './source-directory.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-source-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const openFiles = (): number =>
  fs.readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      // The descriptor of this very listing is gone again.
      return false;
    }
  }).length;

test('no file is open before it is read', async () => {
  for (let at = 0; at < 300; at++) fs.writeFileSync(path.join(folder, `${at}.patch`), `${at}`);
  const files = [...sourceFiles(folder, 'follow')];
  await new Promise((resolve) => setImmediate(resolve));
  expect([files.length, openFiles()]).toEqual([300, 0]);
  const content = files.find((one) => one.path === '7.patch')?.content as AsyncIterable<Uint8Array>;
  expect(Buffer.from(await collect(content, 10, () => new Error('long'))).toString()).toBe('7');
  expect(openFiles()).toBe(0);
});
