import { decodeRecipe } from '@kiln/recipe';
import { expect, test } from 'vitest';
import { refuseUnsupported } from './unsupported.ts';

const head = 'package: {name: a, version: "1"}\n';

test.each([
  [
    'capabilities: {add: [X]}',
    /r\.yaml:2:15: the key "capabilities" is not supported in a factory/,
  ],
  [
    'environment: {contents: {repositories: [x]}}',
    /r\.yaml:2:40: .*"environment\.contents\.repositories"/,
  ],
  ['environment: {accounts: {run-as: root}}', /accounts\.run-as/],
  ['test: {environment: {contents: {keyring: [k]}}}', /test\.environment\.contents\.keyring/],
  [
    'subpackages: [{name: b, test: {environment: {paths: [{path: /x}]}}}]',
    /subpackages\.0\.test\.environment\.paths/,
  ],
])('%s', (yaml, message) => {
  expect(() => refuseUnsupported(decodeRecipe(head + yaml, { file: 'r.yaml' }))).toThrow(message);
});

test('what the factory acts on is let pass', () => {
  const yaml = `${head}environment: {contents: {packages: [x]}, accounts: {run-as: build}, environment: {A: b}}\nkiln: {network: {reason: modules}}\n`;
  expect(() => refuseUnsupported(decodeRecipe(yaml, { file: 'r.yaml' }))).not.toThrow();
});
