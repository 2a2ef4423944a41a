import fc from 'fast-check';
import { expect, test } from 'vitest';
import { repeatedName } from './member-names.ts';

test('no name stands twice in what was printed, and one that is added does', () => {
  const name = fc.string({ unit: 'binary' });
  const property = fc.property(fc.dictionary(name, fc.jsonValue()), name, (object, added) => {
    const members = JSON.stringify({ ...object, [added]: [object] }, null, 1).slice(0, -1);
    expect(repeatedName(`${members}}`)).toBeUndefined();
    expect(repeatedName(`[{}, ${members}, ${JSON.stringify(added)} : 1}]`)).toBe(added);
  });
  fc.assert(property, { numRuns: 300 });
});

test('texts are no names, whatever stands in them', () => {
  for (const text of ['{"a":1,"b":"a","c":["a","a",{"a":"\\\\"},{"a":"\\""}]}', '"a"', '{}', '7'])
    expect([text, repeatedName(text)]).toEqual([text, undefined]);
});
