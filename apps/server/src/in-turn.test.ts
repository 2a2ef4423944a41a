import { expect, test } from 'vitest';
import { inTurn } from './in-turn.ts';

test('a call begins when the one before it has ended, also where that failed', async () => {
  const first = Promise.withResolvers<undefined>();
  const seen: string[] = [];
  const work = inTurn(async (name: string) => {
    seen.push(`${name} begins`);
    if (name === 'a') await first.promise;
    seen.push(`${name} ends`);
    if (name === 'a') throw new Error(name);
    return name;
  });
  const asked = Promise.allSettled([work('a'), work('b')]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(['a begins']);
  first.resolve(undefined);
  expect(await asked).toMatchObject([{ status: 'rejected' }, { value: 'b' }]);
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});
