import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followLog } from './followed-log.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kiln-log-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

test('a log is followed as it grows, until its attempt ended', async () => {
  const file = path.join(folder, 'a.log');
  const steps = ['', 'one\n', '', 'two\n'];
  const ended = async (): Promise<boolean> => {
    const step = steps.shift() ?? '';
    if (step !== '') appendFileSync(file, step);
    return steps.length === 0;
  };
  const read: string[] = [];
  for await (const chunk of followLog(file, { ended, signal: new AbortController().signal }))
    read.push(String(chunk));
  expect(read).toEqual(['one\n', 'two\n']);
});

test('a log that does not grow is not looked at any more when nobody reads it', async () => {
  const gone = new AbortController();
  let looks = 0;
  const ended = async (): Promise<boolean> => {
    looks += 1;
    if (looks === 2) gone.abort();
    return false;
  };
  const log = followLog(path.join(folder, 'a.log'), { ended, signal: gone.signal });
  expect(await log[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
  expect(looks).toBe(2);
});
