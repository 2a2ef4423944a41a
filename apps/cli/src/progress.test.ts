import type { KeySummary } from '@kiln/server/schemas';
import { expect, test } from 'vitest';
import { Progress } from './progress.ts';

function key(name: string, change: Partial<KeySummary>): KeySummary {
  return {
    key: name,
    status: 'working',
    stage: '',
    durationMs: null,
    startedAt: null,
    estimateMs: null,
    error: null,
    ...change,
  } as KeySummary;
}

function progress(terminal: boolean): { readonly shown: Progress; readonly taken: () => string } {
  let text = '';
  const shown = new Progress({
    write: (more) => (text += more),
    terminal,
    columns: () => 60,
    nowMs: 0,
  });
  const taken = (): string => {
    const all = text;
    text = '';
    return all;
  };
  return { shown, taken };
}

test('without a terminal each change is one line', () => {
  const { shown, taken } = progress(false);
  shown.show([key('package:zlib@x86_64', { stage: 'building' })], 100);
  expect(taken()).toBe('· package:zlib@x86_64 working: building\n');
  shown.show([key('package:zlib@x86_64', { stage: 'building' })], 200);
  expect(taken()).toBe('');
  shown.show([key('package:zlib@x86_64', { status: 'ready', durationMs: 4_000 })], 300);
  expect(taken()).toBe('✓ package:zlib@x86_64 ready in 4s\n');
});

test('without a terminal there is a sign of life every 15 seconds, also when nothing works', () => {
  const { shown, taken } = progress(false);
  const waiting = [key('image:static', { status: 'waiting' })];
  shown.show(waiting, 14_000);
  expect(taken()).toBe('');
  shown.show(waiting, 15_000);
  expect(taken()).toBe('0 of 1 ready, 0 working, 1 waiting\n');
  shown.show(waiting, 29_000);
  expect(taken()).toBe('');
  shown.show(waiting, 30_000);
  expect(taken()).toContain('1 waiting');
});

test('on a terminal lines fit, and are drawn over', () => {
  const { shown, taken } = progress(true);
  const working = key(`package:${'long'.repeat(20)}@x86_64`, { startedAt: 0, estimateMs: 10_000 });
  shown.show([working], 5_000);
  const first = taken();
  expect(first).toContain('██████████░░░░░░░░░░');
  for (const line of first.split('\n')) expect(line.length).toBeLessThan(60);
  shown.show([working], 6_000);
  expect(taken().startsWith('\u001b[2A\u001b[J')).toBe(true);
});

test('a trouble that may pass is told once for each attempt', () => {
  const { shown, taken } = progress(false);
  const retried = key('seed:x86_64', {
    status: 'queued',
    stage: 'is tried again: apt-get failed',
    attempt: 1,
  });
  shown.show([retried], 0);
  shown.show([retried], 500);
  expect(taken()).toBe('! seed:x86_64 is tried again: apt-get failed\n');
  shown.show([{ ...retried, attempt: 2 }], 1_000);
  expect(taken()).toContain('is tried again');
});

test('a failure says why', () => {
  const { shown, taken } = progress(true);
  const error = { code: 'SOURCE_DIGEST', message: 'another digest', hint: '' };
  shown.show([key('package:a@x86_64', { status: 'failed', error })], 0);
  expect(taken()).toContain('✗ package:a@x86_64 failed: another digest\n');
});
