import { compileRecipe, parseRecipe } from '@kiln/recipe';
import { expect, test } from 'vitest';
import { compilerFiles } from './compiler-files.ts';

const compiled = compileRecipe({
  recipe: parseRecipe(
    `package:
  name: zlib
  version: 1.3.1
  epoch: 2
  description: a test
  copyright: [{license: Zlib}]
  cpe: {vendor: zlib, product: zlib}
pipeline: [{runs: "true"}]
`,
    { file: 'zlib.yaml' },
  ),
  arch: 'x86_64',
  pipelines: () => undefined,
});

const paths = (clang: boolean): readonly string[] =>
  compilerFiles(compiled, 'example', { clang }).map(({ path }) => path);

test('the note says which package a program belongs to', () => {
  const spec = compilerFiles(compiled, 'example', { clang: false }).find(
    ({ path }) => path === '.melange.gcc.spec',
  );
  const content = spec?.content instanceof Uint8Array ? spec.content : new Uint8Array();
  const note = /--package-metadata=(\{.*\})\}\n$/.exec(Buffer.from(content).toString());
  expect(JSON.parse(note?.[1] ?? '')).toEqual({
    type: 'apk',
    os: 'example',
    name: 'zlib',
    version: '1.3.1-r2',
    architecture: 'x86_64',
    appCpe: 'cpe:2.3:a:zlib:zlib:1.3.1:*:*:*:*:*:*:*',
  });
});

test('clang’s files are there where clang is', () => {
  expect(paths(false)).toEqual(['.melange.gcc.spec', '.melange.fdo.h']);
  expect(paths(true)).toEqual(
    expect.arrayContaining([
      '.melange.gcc.spec',
      '.melange.fdo.h',
      '.melange.clang.cfg',
      '.config/clang-15/x86_64-unknown-linux-gnu-clang++.cfg',
    ]),
  );
});
