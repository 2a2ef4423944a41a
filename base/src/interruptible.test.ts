import { expect, test } from 'vitest';
import { interruptible } from './index.ts';

test('a source ends with the signal', async () => {
  const stopped = new Error('stopped');
  const controller = new AbortController();
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 3; i += 1) yield Uint8Array.of(i);
  }
  const chunks = interruptible(source(), controller.signal);
  expect((await chunks.next()).value).toEqual(Uint8Array.of(0));
  controller.abort(stopped);
  await expect(chunks.next()).rejects.toBe(stopped);
});
