import { KilnError } from '@kiln/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isXz, unxz } from './stream.ts';

/** 100,000 times `a`, by xz -9: much out of little, with a dictionary of 64 MiB. */
const bomb = Buffer.from(
  '/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4YafAFNdADDv+7/+o7Fe5fg/sqomVfhocEFwFQ+N/R5MG4pCtxn0aRhxrmYjiopNL6MN2X+m44wjEVPgWRjFdYrid/i2lH8MasDedElk4ulcU7IE1rH1lwAAAACEpzDhtOgkwQABb6CNBgAAkORuUbHEZ/sCAAAAAARZWg==',
  'base64',
);

async function drain(bytes: Uint8Array, limits = {}): Promise<number> {
  let size = 0;
  for await (const chunk of unxz(bytes, limits)) size += chunk.length;
  return size;
}

test('what does not begin like an xz file is none', async () => {
  expect(isXz(Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1]))).toBe(true);
  expect(isXz(Buffer.from([0xfd, 0x37, 0x7a]))).toBe(false);
  await expect(drain(Buffer.from('not compressed at all'))).rejects.toMatchObject({
    code: 'XZ_CORRUPT',
  });
});

test('no more comes out, and no more is held, than the limits say', async () => {
  expect(await drain(bomb)).toBe(100_000);
  await expect(drain(bomb, { outputBytesMax: 99_999 })).rejects.toMatchObject({
    code: 'XZ_TOO_LARGE',
  });
  await expect(drain(bomb, { dictionaryBytesMax: 2 ** 25 })).rejects.toMatchObject({
    code: 'XZ_TOO_LARGE',
  });
});

test('no bytes behind the header make the reader fail in another way', async () => {
  const sound = fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (tail) => {
    try {
      await drain(Buffer.concat([bomb.subarray(0, 24), tail]));
    } catch (error) {
      if (!(error instanceof KilnError && error.code.startsWith('XZ_'))) throw error;
    }
  });
  const outcome = await fc.check(sound);
  expect(outcome.failed).toBe(false);
});
