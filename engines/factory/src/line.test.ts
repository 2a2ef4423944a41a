import { KilnError, digestOf } from '@kiln/base';
import type { EnqueueRequest, Key } from '@kiln/queue';
import { describe, expect, test } from 'vitest';
import { KeyWriter } from './line.ts';
import type { Dependant, Desired, FactoryRecords, KeyState } from './records.ts';

const key: Key = 'package:greet@x86_64';
const action = digestOf('action');
const desired: Desired = {
  key,
  kind: 'package',
  name: 'greet',
  catalog: 'test',
  bundle: digestOf('bundle'),
  dependsOn: ['seed:x86_64'],
  mayNeed: [],
};

/** The writer of the key, and every write with what follows it. */
async function writing(before?: Partial<KeyState>): Promise<{
  readonly writer: KeyWriter;
  readonly writes: [string, string, readonly EnqueueRequest[]][];
}> {
  const writes: [string, string, readonly EnqueueRequest[]][] = [];
  const state = { key, desired: desired.bundle, action, ...before } as KeyState;
  const records = {
    state: () => Promise.resolve(before === undefined ? undefined : state),
    dependants: () =>
      Promise.resolve<Dependant[]>([
        { key: 'index:test@x86_64', first: false },
        { key: 'image:greeter', first: true },
      ]),
    setState: (next: KeyState, follow: readonly EnqueueRequest[] = []) => {
      writes.push([next.status, next.errorCode, follow]);
      return Promise.resolve();
    },
  } as unknown as FactoryRecords;
  return { writer: await KeyWriter.open(records, desired), writes };
}

describe('a key that becomes ready', () => {
  test('is written together with everything that follows, so that no kill comes between', async () => {
    const { writer, writes } = await writing();
    expect(await writer.ready(action, [{ key: 'index:other@x86_64' }])).toEqual({ kind: 'done' });
    expect(
      writes.map(([status, , follow]) => [status, follow.map((one) => (one as { key: Key }).key)]),
    ).toEqual([['ready', ['index:test@x86_64', 'image:greeter', 'index:other@x86_64']]]);
  });

  test('has those look first that are to be ready first', async () => {
    const { writer, writes } = await writing();
    await writer.ready(action);
    const [index = 0, image = 0] = writes.flatMap(([, , follow]) =>
      follow.map((one) => (one as { priority?: number }).priority),
    );
    expect(image).toBeGreaterThan(index);
  });

  test('tells nobody when it was ready before with the same result', async () => {
    const { writer, writes } = await writing({ status: 'ready' });
    expect(await writer.ready(action)).toEqual({ kind: 'done' });
    expect(writes).toEqual([]);
  });

  test('tells again after something was made anew', async () => {
    const { writer, writes } = await writing({ status: 'ready' });
    await writer.working('building');
    await writer.ready(action);
    expect(writes.map(([status, , follow]) => [status, follow.length])).toEqual([
      ['working', 0],
      ['ready', 2],
    ]);
  });
});

describe('a failure', () => {
  test('that the same input brings again parks the key', async () => {
    const { writer, writes } = await writing();
    const error = new KilnError('BUILD_STEP_FAILED', 'exit 1');
    expect(await writer.failed(error)).toEqual({ kind: 'nonRetriable', error, park: true });
    expect(writes).toEqual([['failed', 'BUILD_STEP_FAILED', []]]);
  });

  test('that may pass goes to the queue, which counts it', async () => {
    const { writer, writes } = await writing();
    const error = new KilnError('SOURCE_UNAVAILABLE', 'away', { retry: 'later' });
    await expect(writer.failed(error)).rejects.toBe(error);
    expect(writes).toEqual([['working', '', []]]);
  });

  test('of a signer that starts brings the key back soon, uncounted', async () => {
    const { writer } = await writing();
    const error = new KilnError('SIGNER_UNAVAILABLE', 'away', { retry: 'later' });
    expect(await writer.failed(error)).toMatchObject({ kind: 'requeueAfter', delayMs: 2_000 });
  });

  test('for a missing blob has those looked at that make it', async () => {
    const { writer, writes } = await writing();
    const outcome = await writer.failed(new KilnError('BLOB_UNKNOWN', 'blob unknown'));
    expect(outcome).toMatchObject({ kind: 'requeueAfter', delayMs: 5_000 });
    expect(writes).toMatchObject([['working', '', [{ key: 'seed:x86_64' }]]]);
  });

  test.each([
    ['the operating system', Object.assign(new Error('write'), { code: 'ENOSPC' })],
    [
      'a library',
      new Error('not extracted', { cause: Object.assign(new Error('x'), { code: 'EDQUOT' }) }),
    ],
    ['the blob store', new KilnError('BLOB_NO_SPACE', 'no space left', { retry: 'later' })],
    ['the sandbox', new KilnError('SANDBOX_DISK_FULL', 'full', { retry: 'later' })],
  ])('of a full disk that %s reports is tried again as often as it takes', async (_who, error) => {
    const { writer, writes } = await writing();
    expect(await writer.failed(error)).toMatchObject({ kind: 'requeueAfter', delayMs: 30_000 });
    expect(writes).toMatchObject([['working', expect.stringMatching(/DISK_FULL|NO_SPACE/), []]]);
  });
});
