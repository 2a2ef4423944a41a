import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { generate } from './generate.ts';

const root = path.resolve(import.meta.dirname, '../../..');

test('the committed document and client types are those of the routes (node tools/openapi/src/main.ts)', async () => {
  for (const [file, text] of Object.entries(await generate())) {
    expect(readFileSync(path.join(root, file), 'utf8'), file).toBe(text);
  }
});

test('making them twice gives equal bytes', async () => {
  expect(await generate()).toEqual(await generate());
});
