import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { composeLists, fragmentOf, parseFragment, printFragment } from './index.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const lists = fc.tuple(fc.array(fc.json()), fc.array(fc.json()));

describe('a fragment', () => {
  test('is read as it was kept', () => {
    fc.assert(
      fc.property(lists, (elements) => {
        const fragment = fragmentOf(elements);
        const read = parseFragment('form/1', printFragment('form/1', fragment));
        expect(read.map((part) => Buffer.from(part))).toEqual(
          fragment.map((part) => Buffer.from(part)),
        );
      }),
    );
  });

  test('is read within a larger buffer', () => {
    const bytes = printFragment('form/1', fragmentOf([['1'], ['"ü"', '3']]));
    const within = Buffer.concat([encode('before'), bytes, encode('after')]).subarray(6, -5);
    expect(parseFragment('form/1', within).map((part) => Buffer.from(part).toString())).toEqual([
      ',1',
      ',"ü",3',
    ]);
  });

  test.each([
    ['nothing', ''],
    ['no first line', 'form/1 0'],
    ['another format', 'form/2 2\n,1'],
    ['a length that is none', 'form/1 2x\n,1'],
    ['a length below 0', 'form/1 3 -1\n,1'],
    ['too few bytes', 'form/1 3\n,1'],
    ['too many bytes', 'form/1 1\n,1'],
    ['a first line without end', 'form/1 '.padEnd(10_000, '1')],
  ])('%s is refused', (_name, text) => {
    expect(() => parseFragment('form/1', encode(text))).toThrow(
      expect.objectContaining({ code: 'FRAGMENT_INVALID' }),
    );
  });
});

describe('composing', () => {
  const compose = (pieces: readonly string[], parts: readonly (readonly string[][])[]): string =>
    Buffer.concat(composeLists(pieces.map(encode), parts.map(fragmentOf))).toString();

  test('joins what every fragment has, after what the head has', () => {
    expect(
      compose(
        ['{"a":[0', '],"b":[', ']}'],
        [
          [['1', '2'], []],
          [[], ['3']],
          [['4'], ['5']],
        ],
      ),
    ).toBe('{"a":[0,1,2,4],"b":[3,5]}');
    expect(compose(['[', ']'], [])).toBe('[]');
  });

  test('gives the elements of all fragments in order', () => {
    fc.assert(
      fc.property(fc.array(lists), (all) => {
        const document = JSON.parse(compose(['{"a":[', '],"b":["x"', ']}'], all)) as unknown;
        const values = (list: 0 | 1): unknown[] =>
          all.flatMap((one) => one[list].map((json) => JSON.parse(json) as unknown));
        expect(document).toEqual({ a: values(0), b: ['x', ...values(1)] });
      }),
    );
  });
});
