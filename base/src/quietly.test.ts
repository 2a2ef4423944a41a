import { expect, test } from 'vitest';
import { quietly } from './quietly.ts';

test('does the work, and a failure of it is nobody’s business', () => {
  const done: string[] = [];
  quietly(() => void done.push('one'));
  quietly(() => {
    throw new Error('no such file');
  });
  expect(done).toEqual(['one']);
});
