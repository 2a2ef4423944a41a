import fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  executeTemplate,
  goFloat,
  goMap,
  goNamedInteger,
  goPointer,
  goSlice,
  goStruct,
  parseTemplate,
  type GoValue,
} from './index.ts';

interface Row {
  readonly template: string;
  /** What Go makes of it; absent where it refuses. */
  readonly output?: string;
  readonly fails?: 'parse' | 'execute';
}

const rows = fs
  .readFileSync(new URL('../testdata/golden.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);

/** The data of testdata/README.md. */
const data = sample();

/** Go executes these. */
const unsupported = /define|block|html|1i|2i/;

const executed = rows.filter((row): row is Row & { output: string } => row.output !== undefined);
const refused = (phase: Row['fails']): readonly Row[] =>
  rows.filter(({ fails }) => fails === phase);
const failsWith = (pattern: RegExp): unknown =>
  expect.objectContaining({ code: expect.stringMatching(pattern) as string });

describe('what Go makes of a template, Kiln makes of it', () => {
  test.each(executed.filter(({ template }) => !unsupported.test(template)))(
    '$template',
    ({ template, output }) => {
      expect(executeTemplate(parseTemplate(template), data)).toBe(output);
    },
  );
});

describe('what Go reads and Kiln does not is refused by name', () => {
  test.each(executed.filter(({ template }) => unsupported.test(template)))(
    '$template',
    ({ template }) => {
      expect(() => parseTemplate(template)).toThrow(failsWith(/^TEMPLATE_UNSUPPORTED$/));
    },
  );
});

describe('what Go does not read is refused', () => {
  test.each(refused('parse'))('$template', ({ template }) => {
    expect(() => parseTemplate(template)).toThrow(failsWith(/^TEMPLATE_(?:INVALID|UNSUPPORTED)$/));
  });
});

describe('what Go does not execute fails', () => {
  test.each(refused('execute'))('$template', ({ template }) => {
    expect(() => executeTemplate(parseTemplate(template), data)).toThrow(
      failsWith(/^TEMPLATE_(?:FAILED|UNSUPPORTED)$/),
    );
  });
});

function inner(
  name: string,
  tags: readonly string[],
  others: Readonly<Record<string, string>>,
): GoValue {
  return goStruct({
    Name: name,
    Tags: goSlice(tags),
    With: goMap(Object.entries(others), ''),
    Next: goPointer(undefined),
  });
}

function option(variables: Readonly<Record<string, string>>, on: boolean): GoValue {
  return goStruct({ Vars: goMap(Object.entries(variables), ''), On: on });
}

function sample(): GoValue {
  return goPointer(
    goStruct(
      {
        Name: 'zlib',
        Unicode: 'größe 字',
        Lines: 'a\n\tb"c\\d\u0001',
        Epoch: 7,
        Count: 42,
        Zero: 0,
        Negative: -5,
        Yes: true,
        No: false,
        Empty: '',
        List: goSlice(['b', 'a c', '']),
        None: goSlice([]),
        Numbers: goSlice([3, 1, 2]),
        Items: goSlice([
          inner('one', ['x', 'y'], { uri: 'https://h/p', b: '2' }),
          inner('two', [], {}),
          inner('three', ['z'], {}),
        ]),
        Vars: goMap(
          Object.entries({ zeta: 'last', alpha: 'first', empty: '', 'with-dash': 'dashed' }),
          '',
        ),
        NoVars: goMap([], ''),
        Options: goMap(
          Object.entries({ full: option({ k: 'v' }, true), bare: option({}, false) }),
          option({}, false),
        ),
        Self: inner('self', ['t'], {}),
        Pointer: goPointer(inner('pointed', [], {})),
        Nil: goPointer(undefined),
        Timeout: goNamedInteger(5_400_000_000_000n, '1h30m0s'),
        Ratio: goFloat(2.5),
      },
      { FullName: () => 'zlib-r7' },
    ),
  );
}
