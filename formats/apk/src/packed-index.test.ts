import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checksumOf } from './checksum.ts';
import { printIndex } from './index-text.ts';
import { emptyRecord } from './package-info.ts';
import { PackedIndex } from './packed-index.ts';

const checksum = checksumOf(Buffer.from('x'));
const packed = (text: string): PackedIndex => new PackedIndex(Buffer.from(text));
const record = (...lines: readonly string[]): string =>
  [`C:${checksum}`, ...lines, '', ''].join('\n');
const refusal = (text: string): string => {
  try {
    packed(text);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('names', () => {
  test('are found where they are, in the order of the records', () => {
    const index = packed(
      record('P:a', 'V:1', 'p:so:libé.so.1=1 cmd:a c') +
        record('P:b', 'V:1', 'p:c=2 a') +
        record('P:a', 'V:2', 'p:a=2 ab', 'i:b docs') +
        record('P:c', 'V:1', 'p:'),
    );
    expect(index).toHaveLength(4);
    expect(['a', 'b', 'c', 'ab', 'd', ''].map((name) => index.named(name))).toEqual([
      [0, 2],
      [1],
      [3],
      [],
      [],
      [],
    ]);
    expect(
      ['a', 'c', 'so:libé.so.1', 'cmd:a', 'ab', 'c=2', ''].map((name) => index.providing(name)),
    ).toEqual([[1, 2], [0, 1], [0], [0], [2], [], []]);
    expect(index.conditional).toEqual([2]);
    // In whatever order records are asked for.
    expect([2, 0, 3].map((number) => index.record(number).version)).toEqual(['2', '1', '1']);
    expect(index.record(3).provides).toEqual([]);
    expect(index.record(2).installIf).toEqual(['b', 'docs']);
    expect(index.record(1).installIf).toEqual([]);
  });

  test('of provides whose operator dialects read differently are left to them', () => {
    const index = packed(record('P:a', 'V:1', 'p:b==2 c>1 d@edge =1 e= f  g=1'));
    expect(index.unusualProvides).toEqual(
      ['b==2', 'c>1', 'd@edge', '=1', 'e='].map((text) => ({ record: 0, text })),
    );
    expect([index.providing('f'), index.providing('g')]).toEqual([[0], [0]]);
  });

  test('are found like in a list of the records', () => {
    const name = fc.stringMatching(/^[a-cé]{1,3}$/);
    const records = fc.array(
      fc.record({ name, provides: fc.array(name, { maxLength: 4 }), depends: fc.array(name) }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(records, name, (list, wanted) => {
        const all = list.map((one) => ({ ...emptyRecord, checksum, version: '1', ...one }));
        const index = packed(printIndex(all));
        expect([...index]).toEqual(all);
        expect(index.named(wanted)).toEqual(
          all.flatMap((one, number) => (one.name === wanted ? [number] : [])),
        );
        expect(index.providing(wanted)).toEqual(
          all.flatMap(({ provides }, number) =>
            provides.flatMap((provide) => (provide === wanted ? [number] : [])),
          ),
        );
      }),
    );
  });
});

describe('reading', () => {
  test('takes the last of several lines with one letter, however the others are', () => {
    const index = packed(record('C:no', `C:${checksum}`, 'P:../x', 'P:a', 'S:x', 'S:7', 'V:1'));
    expect(index.record(0)).toMatchObject({ checksum, name: 'a', sizeBytes: 7 });
  });

  test('does not look into records that are dropped', () => {
    const bad = 'C:none\nP:a b\nS:x\nX:new\n\n';
    expect([...packed(`${bad}V:1\nS:y\n\n\n${record('P:a', 'V:1')}`)]).toHaveLength(1);
  });

  test('takes letters beyond ASCII in names and in front of colons, and a byte order mark', () => {
    const index = packed(`\uFEFF${record('P:é', 'V:1', 'é:unknown', 'T:ü')}`);
    expect(index.record(0)).toMatchObject({ name: 'é', description: 'ü' });
    expect(index.named('é')).toEqual([0]);
  });

  test.each([
    [record('P:a', 'V:1', 'é'), 'line 4 is not a field: "é"'],
    [`\n\n${record('P:a')}x`, 'line 6 is not a field: "x"'],
    [record('P:a\u00a0b'), 'package is named "a\u00a0b"'],
    [record('P:a', 'V:1/2'), 'package is named "a"'],
    [record('P:a', 'A:x y'), 'package is named "a"'],
    [record('P:'), 'package is named ""'],
    [record('P:a', `C:${checksum}=`), `checksum of a is "${checksum}="`],
    [record('P:a', `C:Q1${'='.repeat(28)}`), `checksum of a is "Q1${'='.repeat(28)}"`],
    ['P:a\n', 'checksum of a is ""'],
    [record('P:a', 'I:1234567890123456'), 'field I of a is "1234567890123456"'],
    [record('P:a', 'k:-1'), 'field k of a is "-1"'],
    [record('P:a', `T:${'x'.repeat(2 ** 20)}`), 'line 3 is longer than 1048576 bytes'],
    [`${'x'.repeat(2 ** 20 + 1)}\n`, 'line 1 is longer than 1048576 bytes'],
  ])('says what is wrong (%#)', (text, message) => {
    expect(refusal(text)).toBe(message);
  });

  test('refuses what is not UTF-8', () => {
    expect(() => new PackedIndex(Buffer.from('T:\xe9\n', 'latin1'))).toThrow('index is not UTF-8');
  });
});
