import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainValue } from './decode.ts';
import { parseYaml } from './parse.ts';
import { printYaml } from './print.ts';

const read = (text: string): unknown => plainValue(parseYaml(text, { file: 'p' }));

test.each([
  ['plain', 'plain'],
  ['a: b', "'a: b'"],
  ['-', "'-'"],
  ['!x', "'!x'"],
  ['@edge x', "'@edge x'"],
  ["'a'' == ''a'", "'''a'''' == ''''a'''"],
  ['yes', '"yes"'],
  ['Off', '"Off"'],
  ['yEs', 'yEs'],
  ['1.10', '"1.10"'],
  ['0755', '"0755"'],
  ['0x1F', '"0x1F"'],
  ['1_000', '"1_000"'],
  ['2024-01-02', '"2024-01-02"'],
  ['12:30', '"12:30"'],
  ['1.0-r0', '1.0-r0'],
  ['1e400', '1e400'],
  ['-1e-400', '"-1e-400"'],
  ['.5_', '.5_'],
  ['.5_0e1_0', '".5_0e1_0"'],
  ['+_.5_', '"+_.5_"'],
  ['0xffffffffffffffff', '"0xffffffffffffffff"'],
  ['-0x8000000000000000', '"-0x8000000000000000"'],
  ['+0x8000000000000000', '+0x8000000000000000'],
  ['0x10000000000000000', '0x10000000000000000'],
  ['0o-17', '"0o-17"'],
  ['0O-17', '0O-17'],
  ['2024-02-29', '"2024-02-29"'],
  ['2023-02-29', '2023-02-29'],
  ['2024-13-01', '2024-13-01'],
  ['2024-01-02T03:04:05Z', '"2024-01-02T03:04:05Z"'],
  ['2024-01-02t3:4:5,67+24:60', '"2024-01-02t3:4:5,67+24:60"'],
  ['2024-01-02T03:04:05', '2024-01-02T03:04:05'],
  ['2024-01-02  03:04:05.6', '"2024-01-02  03:04:05.6"'],
  ['2024-01-02 03:04:05 +00:00', '2024-01-02 03:04:05 +00:00'],
  ['2024-01-02 03:04:05Z', '2024-01-02 03:04:05Z'],
  ['2024-01-02 24:00:00', '2024-01-02 24:00:00'],
  ['a:\u00a0b', 'a:\u00a0b'],
  ['', '""'],
  ['~', '"~"'],
  ['a\tb', '"a\\tb"'],
  ['it\'s "quoted"', 'it\'s "quoted"'],
  [' lead', "' lead'"],
])('the string %j is printed as %s', (value, printed) => {
  expect(printYaml({ key: value })).toBe(`key: ${printed}\n`);
});

test('several lines are a literal block, chomped as they end', () => {
  expect(printYaml({ a: 'x\ny\n' })).toBe('a: |\n  x\n  y\n');
  expect(printYaml({ a: 'x\n\n  y' })).toBe('a: |-\n  x\n\n    y\n');
  expect(printYaml({ a: 'x\n\n' })).toBe('a: |+\n  x\n\n');
  expect(printYaml({ a: ' x\ny\n' })).toBe('a: |2\n   x\n  y\n');
  expect(printYaml({ a: 'x \ny\n' })).toBe('a: "x \\ny\\n"\n');
});

test('a key with an end of a line of another system stands behind a question mark', () => {
  expect(printYaml({ 'a\rb': 1 })).toBe('? "a\\rb"\n: 1\n');
  expect(printYaml({ 'a\u0085b': 1 })).toBe('? "a\\Nb"\n: 1\n');
});

test('lists are indented inside objects and empty values stay on the line', () => {
  expect(printYaml({ a: [{ b: 1, c: [true, null] }, []], d: {}, e: [], f: undefined })).toBe(
    'a:\n  - b: 1\n    c:\n      - true\n      - null\n  - []\nd: {}\ne: []\n',
  );
});

test('what is printed is read back as it was', () => {
  // Cheaper than the unit "binary" of fast-check, which first makes a table of all characters.
  const text = fc
    .string({ unit: fc.nat(0x10ffff).map((point) => String.fromCodePoint(point)) })
    .filter((any) => any.isWellFormed());
  const key = text.filter((name) => name !== '__proto__' && name !== '<<');
  const scalar = fc.oneof(text, fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
  const { node } = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      scalar,
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(key, tie('node'), { maxKeys: 3, noNullPrototype: true }),
    ),
  }));
  const printable = fc.dictionary(key, node, { maxKeys: 5, noNullPrototype: true });
  const outcome = fc.check(
    fc.property(printable, (value) => {
      expect(read(printYaml(value))).toEqual(value);
    }),
    { numRuns: 150 },
  );
  expect(fc.defaultReportMessage(outcome)).toBeUndefined();
});

test.each(['\u00a0', '\u2003x', '\ufeff', '\u3000'])(
  'a key that begins with the blank %j is read back as it was behind a dash',
  (key) => {
    const value = { a: [{ [key]: 0, b: [[{ [key]: 1 }]] }] };
    expect(read(printYaml(value))).toEqual(value);
    expect(read(printYaml(value, { indent: 4 }))).toEqual(value);
  },
);

test('of a text behind a byte order mark every character is escaped', () => {
  expect(printYaml({ a: '\ufeffx ü', b: 'x\ufeff' })).toBe(
    'a: "\\uFEFF\\x78\\x20\\xFC"\nb: "x\\uFEFF"\n',
  );
});

test.each([' a\nb', '\na', '  a\n b\n'])(
  'lines %j that begin with a blank are read back as they were, however deep and wide',
  (text) => {
    const value = { a: [text, [text, { b: text }], { c: { d: [text] } }] };
    expect(read(printYaml(value))).toEqual(value);
    expect(read(printYaml(value, { indent: 4 }))).toEqual(value);
  },
);

test('a text of lines, blanks and signs is read back as it was', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', ' ', '\n', '\t', '#', ':', '-', "'", '"', '|', '\\'),
  });
  const outcome = fc.check(
    fc.property(text, (value) => {
      expect(read(printYaml({ a: [value], b: value }))).toEqual({ a: [value], b: value });
    }),
    { numRuns: 1500 },
  );
  expect(fc.defaultReportMessage(outcome)).toBeUndefined();
});

test('four columns a level, but what stands in a list begins right behind its dash', () => {
  const value = {
    a: { b: [{ c: ['d'], e: 'x\ny\n' }] },
    m: new Map([
      ['10', 1],
      ['9', 2],
    ]),
  };
  expect(printYaml(value, { indent: 4 })).toBe(
    `a:
    b:
        - c:
            - d
          e: |
            x
            y
m:
    "10": 1
    "9": 2
`,
  );
});

test('a list of lines stands two columns behind its dash, whatever the step', () => {
  const value = { a: ['x\ny'], b: { c: ['x\ny\n'] } };
  const text =
    'a:\n    - |-\n      x\n      y\nb:\n    c:\n        - |\n          x\n          y\n';
  expect(printYaml(value, { indent: 4 })).toBe(text);
  expect(read(text)).toEqual(value);
});

test('with wrong marks lines that begin with a blank are what yaml.v3 writes', () => {
  const print = (value: unknown): string => printYaml(value, { indent: 4, marks: 'wrong' });
  expect(print({ a: ['\nx'] })).toBe('a:\n    - |4-\n      x\n');
  expect(print({ a: '\n\nx\n' })).toBe('a: |4\n\n    x\n');
  expect(print([{ a: ' x\ny' }])).toBe('- a: |4-\n     x\n    y\n');
  expect(print({ a: '\n', b: '\n\n' })).toBe('a: |4+\nb: |4+\n\n');
});

test.each([
  ['a\u2028b', "a: 'a\u2028    b'\n"],
  ["\u2029\u2028it's", "a: '\u2029\u2028    it''s'\n"],
  ['a\u2028', "a: 'a\u2028'\n"],
  ['a \u2028b', 'a: "a \\Lb"\n'],
  ['a\u2028\tb', 'a: "a\\L\\tb"\n'],
  ['a\nb\u2028c\n', 'a: |\n    a\n    b\u2028    c\n'],
  ['\u2028\nc', 'a: |4-\u2028\n    c\n'],
])('with wrong marks %j is what yaml.v3 writes, and otherwise read as it was', (value, printed) => {
  expect(printYaml({ a: value }, { indent: 4, marks: 'wrong' })).toBe(printed);
  expect(read(printYaml({ a: value }))).toEqual({ a: value });
});

test('a key of several lines, or of more than 128 bytes, has a line of its own', () => {
  const long = 'é'.repeat(64);
  const value = { a: { 'b\nc': 'd', [long]: 'e', [`${long}f`]: 'g\nh', ' i\n': 1 } };
  const text = `a:
    ? |-
        b
        c
    : d
    ${long}: e
    ? ${long}f
    : |-
        g
        h
    ? |4
         i
    : 1
`;
  expect(printYaml(value, { indent: 4 })).toBe(text);
  expect(read(text)).toEqual(value);
});

test('a next line is escaped', () => {
  expect(printYaml({ a: 'b\u0085c' })).toBe('a: "b\\Nc"\n');
});

test('what has four bytes is escaped, and a merge key is a text', () => {
  expect(printYaml({ a: '\u{1F600}', b: '<<' })).toBe('a: "\\U0001F600"\nb: <<\n');
  expect(read(printYaml({ a: '\u{1F600}', b: '<<' }))).toEqual({ a: '\u{1F600}', b: '<<' });
});
