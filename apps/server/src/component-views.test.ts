import type { ComponentIndex } from '@kiln/factory';
import { expect, test } from 'vitest';
import { imagesUsing } from './component-views.ts';

const index = {
  versions: (name: string) =>
    Promise.resolve(name === 'openssl' ? [{ id: 1, version: '3.5.0-r1' }] : []),
  imagesWith: () =>
    Promise.resolve({
      images: [{ repository: 'a', digest: 'sha256:0', tags: [], components: [1] }],
      next: undefined,
    }),
} as unknown as ComponentIndex;

const asked = (name: string, constraint: string | undefined): ReturnType<typeof imagesUsing> =>
  imagesUsing(index, { name, constraint, tagged: true, after: undefined, limit: 1 });

test.each([
  [undefined, 1],
  ['', 1],
  ['3.5.0-r1', 1],
  ['<3.5.1', 1],
  ['~3.5', 1],
  ['>=3.5.1-r0', 0],
])('of the versions that meet %s images are told', async (constraint, count) => {
  expect((await asked('openssl', constraint)).images).toHaveLength(count);
});

test.each([
  ['openssl', '<3.5.x'],
  ['openssl', '3.5.1_r0'],
  ['openssl', '!3'],
  ['openssl', '@edge'],
  ['openssl', 'é'],
  ['openssl', '><Q1abc'],
  ['!openssl', ''],
  ['openssl@edge', '<1'],
  ['openssl<1', ''],
])('%s%s is no package and version', async (name, constraint) => {
  await expect(asked(name, constraint)).rejects.toMatchObject({ code: 'ATOM_INVALID' });
});
