import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '@kiln/base';
import type { ComposedResult, Composition } from '@kiln/compose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ComposingThreads } from './composing-threads.ts';
import { placeOf } from './place.ts';

let threads: ComposingThreads;

const threadsOf = (idleMs: number): ComposingThreads =>
  new ComposingThreads({
    place: placeOf('/nowhere', '/nowhere', '/nowhere'),
    version: '0',
    log: silentLogger,
    threadsMax: 2,
    idleMs,
    program: new URL('./composing-fixture-thread.ts', import.meta.url),
  });

beforeEach(() => {
  threads = threadsOf(60_000);
});

afterEach(async () => threads.close());

async function* asked(bases: readonly string[]): AsyncIterable<Composition> {
  for (const [number, base] of bases.entries())
    yield { base, overlay: '', repository: `r${number}`, tags: [], sbomFormats: ['spdx'] };
}

async function told(answers: AsyncIterable<ComposedResult>): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const answer of answers)
    all.push(answer.kind === 'published' ? answer.repository : answer.code);
  return all;
}

/** Threads of this process: the one that runs this test does not count. */
async function alive(): Promise<number> {
  const { readdir, readFile } = await import('node:fs/promises');
  const names = await Promise.all(
    (await readdir('/proc/self/task')).map((task) =>
      readFile(`/proc/self/task/${task}/comm`, 'utf8').catch(() => ''),
    ),
  );
  return names.filter((name) => name.startsWith('WorkerThread')).length;
}

describe('composing threads', () => {
  test('answer in the order of the questions, whichever batch is ready first', async () => {
    const bases = Array.from({ length: 500 }, (_, number) => (number % 64 === 0 ? 'slow' : 'a'));
    expect(await told(threads.compose(asked(bases)))).toEqual(
      bases.map((_, number) => `r${number}`),
    );
  });

  test('answer one question while the next is not asked yet', async () => {
    const next = Promise.withResolvers<undefined>();
    async function* oneByOne(): AsyncIterable<Composition> {
      yield* asked(['a']);
      await next.promise;
      yield* asked(['a', 'b']);
    }
    const answers = threads.compose(oneByOne())[Symbol.asyncIterator]();
    expect(await answers.next()).toMatchObject({ value: { repository: 'r0' } });
    next.resolve(undefined);
    expect(await answers.next()).toMatchObject({ value: { repository: 'r0' } });
    expect(await answers.next()).toMatchObject({ value: { repository: 'r1' } });
    expect(await answers.next()).toMatchObject({ done: true });
  });

  test('say what befell a batch after the answers before it', async () => {
    const bases = [...Array.from({ length: 64 }, () => 'slow'), 'fails'];
    const answers = threads.compose(asked(bases))[Symbol.asyncIterator]();
    for (let number = 0; number < 64; number += 1)
      expect(await answers.next()).toMatchObject({ value: { repository: `r${number}` } });
    await expect(answers.next()).rejects.toMatchObject({ code: 'STORE_FULL' });
  });

  test('that die are told of, and others take their place', async () => {
    await expect(told(threads.compose(asked(['dies'])))).rejects.toMatchObject({
      code: 'COMPOSE_INTERRUPTED',
    });
    expect(await told(threads.compose(asked(['a'])))).toEqual(['r0']);
  });

  test('end when there was no work for some time, and start again', async () => {
    await threads.close();
    threads = threadsOf(20);
    const before = await alive();
    await told(threads.compose(asked(['a'])));
    expect(await alive()).toBe(before + 1);
    for (let tries = 0; (await alive()) > before && tries < 500; tries += 1) await sleep(10);
    expect(await alive()).toBe(before);
    expect(await told(threads.compose(asked(['a'])))).toEqual(['r0']);
  });

  test('that are closed leave nobody waiting', async () => {
    const answers = told(threads.compose(asked(['hangs'])));
    answers.catch(() => undefined);
    await sleep(50);
    await threads.close();
    await expect(answers).rejects.toMatchObject({ code: 'COMPOSE_INTERRUPTED' });
    await expect(told(threads.compose(asked(['a'])))).rejects.toMatchObject({
      code: 'COMPOSE_INTERRUPTED',
    });
  });

  test('do not wait for a source that goes on when something failed', async () => {
    async function* endless(): AsyncIterable<Composition> {
      yield* asked(['fails']);
      await new Promise(() => undefined);
    }
    await expect(told(threads.compose(endless()))).rejects.toMatchObject({ code: 'STORE_FULL' });
  });
});
