import { expect, test } from 'vitest';
import { describeWhy } from './gc.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const bytes = { digest, sizeBytes: 12, because: [], collectable: true };

test('what nothing keeps goes', () => {
  expect(describeWhy(bytes)).toBe(
    `${digest}, 12 B\nnothing keeps it: it goes once nobody used it for long enough\n`,
  );
});

test('what is not there does not go', () => {
  expect(describeWhy({ ...bytes, sizeBytes: null, collectable: false })).toBe(
    `${digest}, there are no such bytes\nnothing names it\n`,
  );
});

test('what is lost is named by what has it', () => {
  const because = ['static: tagged latest'];
  expect(describeWhy({ ...bytes, sizeBytes: null, because, collectable: false })).toBe(
    `${digest}, there are no such bytes\nstatic: tagged latest\n`,
  );
});
