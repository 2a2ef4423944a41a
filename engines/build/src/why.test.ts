import { expect, test } from 'vitest';
import { explainActions } from './why.ts';

const inputs = {
  environment: [
    { name: 'gcc', version: '12-r0', checksum: 'Q1a' },
    { name: 'make', version: '4-r0', checksum: 'Q1b' },
  ],
  sideFiles: [{ path: 'a.patch', mode: 420, digest: 'sha256:aa' }],
  recipe: { pipeline: [{ runs: 'make' }], package: { epoch: 0 } },
  sourceDateEpoch: 1,
};

test('equal inputs need no explanation', () => {
  expect(explainActions(inputs, structuredClone(inputs))).toEqual([]);
});

test('each change is named where it is', () => {
  const after = {
    ...inputs,
    environment: [
      { name: 'cmake', version: '3-r0', checksum: 'Q1d' },
      { name: 'gcc', version: '13-r0', checksum: 'Q1c' },
    ],
    sideFiles: [],
    recipe: { pipeline: [{ runs: 'make -j2' }], package: { epoch: 1 }, vars: { a: 'b' } },
    sourceDateEpoch: 2,
  };
  expect(explainActions(inputs, after)).toEqual([
    { what: 'environment', detail: 'cmake: new, 3-r0 Q1d' },
    { what: 'environment', detail: 'gcc: 12-r0 Q1a became 13-r0 Q1c' },
    { what: 'environment', detail: 'make: gone' },
    { what: 'recipe', detail: 'package.epoch: 0 became 1' },
    { what: 'recipe', detail: 'pipeline.0.runs: make became make -j2' },
    { what: 'recipe', detail: 'vars: nothing became {"a":"b"}' },
    { what: 'sideFiles', detail: 'a.patch: gone' },
    { what: 'sourceDateEpoch', detail: '1 became 2' },
  ]);
});
