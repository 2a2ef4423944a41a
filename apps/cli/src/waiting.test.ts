import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Waiting } from './waiting.ts';

let said: string[];

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
});
afterEach(() => void vi.useRealTimers());

const started = (terminal: boolean): Waiting => new Waiting((text) => said.push(text), terminal);

test('in a log a stage is one line, and one every 15 seconds says how far it is', () => {
  const waiting = started(false);
  for (let done = 0; done < 100; done++) waiting.show(`compiling, ${done} of 100`);
  expect(said).toEqual(['kiln: compiling, 0 of 100\n']);
  vi.advanceTimersByTime(15_000);
  waiting.show('writing');
  waiting.stop();
  vi.advanceTimersByTime(60_000);
  expect(said.slice(1)).toEqual(['kiln: compiling, 99 of 100, 15s\n', 'kiln: writing\n']);
});

test('on a terminal the line follows, its seconds count on, and it goes away', () => {
  const waiting = started(true);
  waiting.show('compiling, 1 of 100');
  vi.advanceTimersByTime(2000);
  waiting.show('compiling, 50 of 100');
  vi.advanceTimersByTime(1000);
  waiting.stop();
  expect(said[0]).toContain('compiling, 1 of 100  0s');
  expect(said.at(-2)).toContain('compiling, 50 of 100  3s');
  expect(said.at(-1)).toBe('\r\u001b[K');
});

test('what takes less than the quiet time is not spoken of', () => {
  const waiting = new Waiting((text) => said.push(text), false, { quietMs: 1000 });
  waiting.show('reading');
  vi.advanceTimersByTime(500);
  waiting.show('writing');
  waiting.stop();
  vi.advanceTimersByTime(60_000);
  expect(said).toEqual([]);
});
