import { KilnError } from '@kiln/base';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { decodeYaml, decodeYamlDocument } from './decode.ts';
import { boolean, duration, integer, text } from './shapes.ts';

const schema = z.object({
  name: text(),
  version: text().optional(),
  epoch: integer().default(0),
  enabled: boolean().optional(),
  timeout: duration().optional(),
  vars: z.record(z.string(), text()).default({}),
  packages: z.array(text()).default([]),
  data: z.unknown().optional(),
});

function decode(yaml: string): z.infer<typeof schema> {
  return decodeYaml(yaml, { file: 'a.yaml', schema });
}

function failure(yaml: string): KilnError {
  try {
    decode(yaml);
  } catch (error) {
    if (error instanceof KilnError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

test('string fields keep the source text of any scalar', () => {
  expect(
    decode(
      'name: 0755\nversion: 1.10\nvars: {a: true, b: ~, c: 1e3, d: "x"}\npackages: [1.0, yes]',
    ),
  ).toEqual({
    name: '0755',
    version: '1.10',
    epoch: 0,
    vars: { a: 'true', b: '', c: '1e3', d: 'x' },
    packages: ['1.0', 'yes'],
  });
});

test('integers, booleans and durations are converted by field', () => {
  expect(decode('name: a\nepoch: 010\nenabled: yes\ntimeout: 1h30m')).toMatchObject({
    epoch: 8,
    enabled: true,
    timeout: 5_400_000,
  });
  expect(decode('name: a\nepoch: 2.0')).toMatchObject({ epoch: 2 });
  expect(failure('name: a\nepoch: "2"').message).toBe(
    'a.yaml:2:8: epoch: expected a whole number (unquoted), got "2"',
  );
  expect(failure('name: a\ntimeout: 90').message).toMatch(
    /a\.yaml:2:10: timeout: expected a duration/,
  );
  expect(failure('name: a\nenabled: "true"').code).toBe('YAML_TYPE');
});

test('an unknown key is named with its place and the nearest known key', () => {
  const error = failure('name: a\n  \nepcoh: 1');
  expect(error.code).toBe('YAML_UNKNOWN_KEY');
  expect(error.message).toBe('a.yaml:3:1: unknown key "epcoh"');
  expect(error.hint).toBe('did you mean "epoch"?');
});

test('unknown keys can be ignored', () => {
  expect(
    decodeYaml('name: a\nother: {x: 1}', { file: 'a', schema, unknownKeys: 'ignore' }).name,
  ).toBe('a');
});

test('a missing key is named at the mapping that lacks it', () => {
  expect(failure('epoch: 1').message).toBe('a.yaml:1:1: missing key "name"');
});

test('null is absence for lists and mappings', () => {
  expect(decode('name: a\npackages:\nvars: ~')).toMatchObject({ packages: [], vars: {} });
});

test('a key that is null is one of Go, which says nothing', () => {
  const text = '{name: a, null: x, vars: {~: x}}';
  expect(decodeYaml(text, { file: 'a', schema, form: 'go' })).toMatchObject({
    name: 'a',
    vars: {},
  });
  expect(failure(text).message).toContain('unknown key "null"');
});

test('an open field takes values by the core schema', () => {
  expect(decode('name: a\ndata: {i: 1, f: 1.5, b: true, n: null, s: "1", y: yes}').data).toEqual({
    i: 1,
    f: 1.5,
    b: true,
    n: null,
    s: '1',
    y: 'yes',
  });
});

test('positions stay available after decoding', () => {
  const { positionOf } = decodeYamlDocument('name: a\npackages:\n  - x\n  - y\n', {
    file: 'f',
    schema,
  });
  expect(positionOf(['packages', 1])).toEqual({ file: 'f', line: 4, column: 5 });
  expect(positionOf(['vars', 'none'])).toEqual({ file: 'f', line: 1, column: 1 });
});

test.each([
  ['1__0', 10],
  ['0o_7', 7],
  ['-_1', -1],
  ['0X1F_', 31],
  ['1_.5_0', 1],
  ['1_e3', 1000],
])('yaml.v3 takes %s for a whole number', (written, epoch) => {
  const text = `name: a\nepoch: ${written}`;
  expect(decodeYaml(text, { file: 'a', schema, form: 'go' }).epoch).toBe(epoch);
});

test.each(['_1', '1_a', '0o8', '._5'])('and %s for a text', (written) => {
  const text = `name: a\nepoch: ${written}`;
  expect(() => decodeYaml(text, { file: 'a', schema, form: 'go' })).toThrow('whole number');
});

test('a number with a fraction is no integer to a tag of yaml.v3, whatever the fraction', () => {
  const read = (epoch: string): unknown =>
    decodeYaml(`name: a\nepoch: ${epoch}`, { file: 'a', schema, form: 'go' }).epoch;
  expect(read('!!int "5"')).toBe(5);
  expect(read('!!float 5.0')).toBe(5);
  expect(() => read('!!int 5.0')).toThrow('"5.0" is no int');
});
