import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { generate } from './generate.ts';

const root = path.resolve(import.meta.dirname, '../../..');

test.each(Object.entries(await generate()))(
  '%s is made from the routes as they are (run node tools/openapi/src/main.ts)',
  (file, text) => {
    expect(readFileSync(path.join(root, file), 'utf8')).toBe(text);
  },
);

test('making them twice gives equal bytes', async () => {
  expect(await generate()).toEqual(await generate());
});
