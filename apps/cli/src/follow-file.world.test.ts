import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { followFile } from './follow-file.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-follow-'));
const file = path.join(folder, 'worker.log');
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test('a log is read to its end', async () => {
  fs.writeFileSync(file, 'one\n');
  let said = '';
  for await (const text of followFile(file, { follow: false })) said += text;
  expect(said).toBe('one\n');
});

test('a log that is followed is read as it grows, and on when it is begun anew', async () => {
  fs.writeFileSync(file, 'one\n');
  const end = new AbortController();
  let said = '';
  for await (const text of followFile(file, { follow: true, signal: end.signal })) {
    said += text;
    if (said === 'one\n') fs.appendFileSync(file, 'zwölf\n');
    if (said.endsWith('zwölf\n')) {
      fs.renameSync(file, `${file}.1`);
      fs.writeFileSync(file, 'three\n');
    }
    if (said.endsWith('three\n')) end.abort();
  }
  expect(said).toBe('one\nzwölf\nthree\n');
});
