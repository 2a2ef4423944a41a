import { KilnError } from '@kiln/base';
import { expect, test } from 'vitest';
import { plainValue } from './decode.ts';
import { defaultYamlLimits } from './limits.ts';
import { parseYaml } from './parse.ts';

function refusal(text: string, limits?: Parameters<typeof parseYaml>[1]['limits']): string {
  try {
    parseYaml(text, { file: 'h.yaml', ...(limits === undefined ? {} : { limits }) });
  } catch (error) {
    if (error instanceof KilnError && error.code === 'YAML_INVALID') return error.message;
    throw error;
  }
  throw new Error('was accepted');
}

test('duplicate keys are refused with their place', () => {
  expect(refusal('a: 1\nb: 2\na: 3')).toBe('h.yaml:3:1: duplicate key "a"');
});

test.each(['? "a" b\n', '? "a"\n  b\n: c\n', '? &x "a" b\n? c\n'])(
  'what stands behind a key without a colon is not lost: %j',
  (text) => {
    expect(refusal(text)).toMatch(/:[12]:[\d]+: no colon behind a key/);
    expect(plainValue(parseYaml(text.replace(' b\n', '\n'), { file: 'a' }))).toHaveProperty('a');
  },
);

test('a second document is refused', () => {
  expect(refusal('a: 1\n---\nb: 2')).toMatch(/more than one document/);
});

test('aliases that multiply are cut off', () => {
  const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x]'];
  for (let i = 1; i < 12; i++)
    lines.push(
      `a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(',')}]`,
    );
  const limits = { ...defaultYamlLimits, nodesMax: 20_000 };
  expect(refusal(lines.join('\n'), limits)).toMatch(/more than 20000 values/);
});

test('many aliases take no more time than as many values', () => {
  const text = `a: &a x\nb:\n${'  - *a\n'.repeat(90_000)}`;
  expect(plainValue(parseYaml(text, { file: 'a' }))).toMatchObject({ a: 'x' });
});

test('an alias leads to the last anchor before it, also when it is read by another alias', () => {
  const text = 'a: &x one\nb: &y [*x, &x two]\nc: *x\nd: &x three\ne: *y\nf: *x\n';
  expect(plainValue(parseYaml(text, { file: 'a' }))).toEqual({
    a: 'one',
    b: ['one', 'two'],
    c: 'two',
    d: 'three',
    e: ['one', 'two'],
    f: 'three',
  });
  expect(refusal('a: *x\nb: &x 1')).toMatch(/anchor/);
});

test('an alias inside its own anchor is refused', () => {
  expect(refusal('a: &a [1, *a]')).toMatch(/own anchor|anchor/);
});

test('deep nesting is refused without exhausting the stack', () => {
  expect(refusal('['.repeat(100) + ']'.repeat(100))).toMatch(/nested deeper/);
  expect(refusal('['.repeat(50_000))).toMatch(/nested|flow/);
});

test('a text above the size limit is refused', () => {
  expect(refusal('a: bcdef', { sizeBytesMax: 4, depthMax: 9, nodesMax: 9 })).toMatch(
    /larger than 4 bytes/,
  );
});

test('foreign tags and compound keys are refused', () => {
  expect(refusal('a: !!js/function x')).toMatch(/tag/);
  expect(refusal('? [a]\n: b')).toMatch(/not a scalar/);
});

test('a key that would reach the prototype of an object is refused', () => {
  expect(refusal('vars: {__proto__: x}')).toMatch(/__proto__/);
});

test('merge keys and anchors work, and explicit keys win', () => {
  const node = parseYaml('base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n', { file: 'a' });
  expect(plainValue(node)).toEqual({ base: { x: 1, y: 2 }, use: { x: 1, y: 3 } });
});

test('broken syntax names line and column', () => {
  expect(refusal('a: "unclosed\nb: c')).toMatch(/^h\.yaml:\d+:\d+: /);
  expect(refusal('a: b: c')).toMatch(/^h\.yaml:1:\d+: /);
});
