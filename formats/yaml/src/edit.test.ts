import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyEdits, parseYaml, replaceScalar, type YamlNode, type YamlScalar } from './index.ts';

const parse = (text: string): YamlNode => parseYaml(text, { file: 'f.yaml' });

function scalarAt(text: string, ...path: readonly string[]): YamlScalar {
  let node: YamlNode | undefined = parse(text);
  for (const key of path) {
    node =
      node?.kind === 'mapping'
        ? node.members.get(key)?.value
        : node?.kind === 'sequence'
          ? node.elements[Number(key)]
          : undefined;
  }
  if (node?.kind !== 'scalar') throw new Error('no such scalar');
  return node;
}

function edit(text: string, to: string, ...path: readonly string[]): string {
  return applyEdits(text, [replaceScalar(scalarAt(text, ...path), to)]);
}

describe('a scalar is replaced in place', () => {
  test.each([
    ['a: 1 # one\nb: 2\n', '2', 'a: 2 # one\nb: 2\n'],
    ['a:   "1"   # one', '2', 'a:   "2"   # one'],
    ["a: '1'", "it's", "a: 'it''s'"],
    ['a: "1"', 'say "\\"', 'a: "say \\"\\\\\\""'],
    ['{b: [x], a: 1 , c: 2}', '1.2.3', '{b: [x], a: 1.2.3 , c: 2}'],
    ['{a: 1}', 'x, y', '{a: "x, y"}'],
    ['a: 1.2.3', '1.10', 'a: "1.10"'],
    ['a: 1.2.3', '12', 'a: 12'],
    ['a: 1.2.3', '012', 'a: "012"'],
    ['a: 1.2.3', '2024-01-02', 'a: "2024-01-02"'],
    ['a: 1.2.3', '1e5', 'a: "1e5"'],
    ['a: 1.2.3', '0x10', 'a: "0x10"'],
    ['a: x', 'No', 'a: "No"'],
    ['a: x', '# y', 'a: "# y"'],
    ['a: x', '1.2_rc1', 'a: 1.2_rc1'],
    ['a: !!str 1 # c', '2.0.1', 'a: !!str 2.0.1 # c'],
    ['a: &v 1\nb: *v\n', '2', 'a: &v 2\nb: *v\n'],
    ['a: two\n  lines # c\nb: 1\n', 'one', 'a: one # c\nb: 1\n'],
    ['\uFEFFa: 1\r\nb: 2\r\n', '3', '\uFEFFa: 3\r\nb: 2\r\n'],
    ['"a": \t1\t# x\n', '3', '"a": \t3\t# x\n'],
    ['? a\n: 1\n', '3', '? a\n: 3\n'],
  ])('%j', (text, to, wanted) => {
    const edited = edit(text, to, 'a');
    expect(edited).toBe(wanted);
    expect(scalarAt(edited, 'a').text).toBe(to);
  });

  test.each([
    ['an alias', 'b: &v 1\na: *v\n', 'x'],
    ['what comes by a merge key', 'b: &v {a: 1}\n<<: *v\n', 'x'],
    ['an empty value', 'a:\n', 'x'],
    ['an empty value with a comment', 'a: # c\n', 'x'],
    ['a literal block', 'a: |\n  x\n', 'x'],
    ['a folded block', 'a: >- # c\n  x\n', 'x'],
    ['a line break in the new text', 'a: 1', 'x\ny'],
    ['a control character in the new text', 'a: 1', 'x\u0000'],
    ['nothing as the new text', 'a: 1', ''],
    ['half a character as the new text', 'a: 1', '\ud800'],
  ])('%s is refused', (_name, text, to) => {
    expect(() => edit(text, to, 'a')).toThrow(
      expect.objectContaining({ code: 'YAML_NOT_EDITABLE' }),
    );
  });
});

describe('edits', () => {
  test('of one place that agree are one, and others are refused', () => {
    const same = { start: 0, end: 1, text: 'x' };
    expect(applyEdits('abc', [same, { ...same }])).toBe('xbc');
    expect(() => applyEdits('abc', [same, { ...same, text: 'y' }])).toThrow(/one place/);
    expect(() =>
      applyEdits('abc', [
        { start: 0, end: 2, text: '' },
        { start: 1, end: 3, text: '' },
      ]),
    ).toThrow(/one place/);
  });

  const oldValues = ['old', "'o''ld'", '"o\\"ld"'];
  const member = fc.record({
    old: fc.constantFrom(...oldValues),
    gap: fc.constantFrom(' ', '   ', ' \t'),
    comment: fc.constantFrom('', '  # note: "x" \'', ' #'),
    next: fc.option(
      fc
        .string({ unit: 'grapheme', minLength: 1 })
        .filter((text) => !/[\p{Cc}\u2028\u2029]/u.test(text)),
    ),
  });

  test('change the scalars that are meant and no byte beside them', () => {
    fc.assert(
      fc.property(fc.array(member, { minLength: 1, maxLength: 6 }), fc.boolean(), (all, flow) => {
        const lines = all.map(
          ({ old, gap, comment }, index) => `k${index}:${gap}${old}${flow ? '' : comment}`,
        );
        const text = flow ? `{ ${lines.join(' , ')} } # end` : `# top\n${lines.join('\n\n')}\n`;
        const before = scalarsOf(text);
        const edits = all.flatMap(({ next }, index) => {
          const scalar = before[index];
          return next === null || scalar === undefined ? [] : [replaceScalar(scalar, next)];
        });
        const edited = applyEdits(text, edits);
        const after = scalarsOf(edited);
        expect(after.map((scalar) => scalar.text)).toEqual(
          all.map(({ next }, index) => next ?? before[index]?.text),
        );
        expect(without(edited, after)).toBe(without(text, before));
      }),
      { numRuns: 300 },
    );
  });
});

function scalarsOf(text: string): readonly YamlScalar[] {
  const root = parse(text);
  const values = root.kind === 'mapping' ? [...root.members.values()] : [];
  return values.flatMap(({ value }) => (value.kind === 'scalar' ? [value] : []));
}

/** The text with a mark in the place of each scalar. */
function without(text: string, scalars: readonly YamlScalar[]): string {
  const marks = scalars.flatMap(({ source }) => (source ? [{ ...source, text: '_' }] : []));
  return applyEdits(text, marks);
}
