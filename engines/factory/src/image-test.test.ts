import { expect, test } from 'vitest';
import { parseImageTest } from './image-test.ts';

const timed = (timeout: string): number =>
  parseImageTest(`timeout: ${timeout}\npipeline: [{exec: [/a]}]\n`, 'a.test.yaml').timeoutMs;

test('a step has the time that the test says', () => {
  expect(timed('1m30s')).toBe(90_000);
});

test.each(['0s', '-1s', '5'])('a step cannot have a time of %s', (timeout) => {
  expect(() => timed(timeout)).toThrow(
    expect.objectContaining({
      code: 'YAML_TYPE',
      message: expect.stringContaining('a.test.yaml:1:10: timeout: '),
    }),
  );
});
