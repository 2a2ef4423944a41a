import { expect, test } from 'vitest';
import { parseInstalledDatabase } from './base-image.ts';

test.each(['1e999', '253402300800', '99999999999999', '1700000000.5'])(
  'a package that was built at %s is refused by name',
  (time) => {
    expect(() => parseInstalledDatabase(`P:glibc\nV:1\nt:${time}\n\n`)).toThrow(
      expect.objectContaining({
        code: 'ASSEMBLE_BASE_INVALID',
        message: expect.stringContaining('glibc') as string,
      }),
    );
  },
);

test('NUL bytes are refused, and what is no field by its line', () => {
  expect(() => parseInstalledDatabase('P:a\nV:1\nF:lib\nR:b\0c\n\n')).toThrow(/NUL/);
  expect(() => parseInstalledDatabase('P:a\nnothing\n')).toThrow(/line 2/);
  expect(parseInstalledDatabase('P:a\nV:1\nt:253402300799\n')).toHaveLength(1);
});
