import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  defaultTemplateLimits,
  executeTemplate,
  goMap,
  goPointer,
  goSlice,
  goStruct,
  parseTemplate,
  type GoValue,
} from './index.ts';

const data = goStruct({
  Name: 'zlib',
  Number: 12,
  List: goSlice(['a', 'b']),
  Outer: goStruct({ Inner: goPointer(goStruct({ X: 1 })), Scalar: goPointer(5) }),
});

function run(text: string, value: GoValue = data): string {
  return executeTemplate(parseTemplate(text, { file: 'query' }), value);
}

describe('errors', () => {
  test.each([
    ['a\n  {{.Nam}}', 'TEMPLATE_FAILED', 2, 5, 'no field .Nam'],
    ['{{.Name}}\n\n{{ nosuch }}', 'TEMPLATE_INVALID', 3, 4, 'function "nosuch"'],
    ['x {{if .Name}}', 'TEMPLATE_INVALID', 1, 5, '{{if}} without {{end}}'],
    ['{{/* a\nb */}}\n{{template "x"}}', 'TEMPLATE_UNSUPPORTED', 3, 3, '{{template}}'],
    ['{{`a\nb`}}{{.}}\n{{call 1}}', 'TEMPLATE_UNSUPPORTED', 3, 3, 'function "call"'],
    ['{{printf "%d" .Name}}', 'TEMPLATE_FAILED', 1, 3, '%d is not for a value of kind string'],
    ['{{printf "%s" .Number}}', 'TEMPLATE_FAILED', 1, 3, '%s is not for a value of kind integer'],
    ['{{printf "%s"}}', 'TEMPLATE_FAILED', 1, 3, 'no value for "%s"'],
    ['{{printf "x" 1}}', 'TEMPLATE_FAILED', 1, 3, '1 values are left over'],
    ['{{printf "%"}}', 'TEMPLATE_FAILED', 1, 3, 'without a letter'],
    ['{{printf "%T" 1}}', 'TEMPLATE_UNSUPPORTED', 1, 3, '"%T" is not supported'],
    ['{{printf "%*d" 1 2}}', 'TEMPLATE_UNSUPPORTED', 1, 3, '"%*" is not supported'],
    ['{{printf "%#v" .List}}', 'TEMPLATE_UNSUPPORTED', 1, 3, '"%#v" is not supported'],
    ['{{"\\xff"}}', 'TEMPLATE_UNSUPPORTED', 1, 3, 'not UTF-8'],
    ['{{slice "é" 1}}', 'TEMPLATE_FAILED', 1, 3, 'cut a character'],
    ['{{eq .Outer .Outer}}', 'TEMPLATE_FAILED', 1, 3, 'struct and struct'],
  ])('%j is refused at its place', (text, code, line, column, message) => {
    expect(() => run(text)).toThrow(
      expect.objectContaining({
        code,
        message: expect.stringContaining(message) as string,
        position: { file: 'query', line, column },
      }),
    );
  });

  test('a missing field names those that are there', () => {
    expect(() => run('{{.Nam}}')).toThrow(
      expect.objectContaining({ hint: 'the fields are Name, Number, List, Outer' }),
    );
  });
});

test('a pointer inside is printed as what it points to', () => {
  expect(run('{{.Outer}}')).toBe('{&{1} 5}');
});

test('names of objects’ own members are ordinary names', () => {
  const map = goMap([['__proto__', 'x']], '');
  expect(run('{{.__proto__}} {{index . "toString"}}|{{.constructor}}', map)).toBe('x |<no value>');
  expect(() => run('{{.constructor}}')).toThrow(
    expect.objectContaining({ code: 'TEMPLATE_FAILED' }),
  );
  expect(() => run('{{constructor}}')).toThrow(
    expect.objectContaining({ code: 'TEMPLATE_INVALID' }),
  );
});

describe('limits', () => {
  const limits = { ...defaultTemplateLimits, stepsMax: 20_000, outputMax: 100_000 };

  test.each([
    ['an endless loop', '{{range 9223372036854775807}}{{end}}'],
    ['loops in loops', '{{range 99999}}{{range 99999}}{{end}}{{end}}'],
    ['a text that doubles', '{{$x := "x"}}{{range 64}}{{$x = print $x $x}}{{end}}'],
    ['much output', '{{range 9999999}}0123456789012345678901234567890123456789{{end}}'],
    [
      'a long text looked at often',
      `{{$x := printf "%1000s" ""}}{{range 999999}}{{len $x}}{{end}}`,
    ],
    ['a wide number', '{{printf "%99999999d" 1}}'],
    ['nested parentheses', `{{${'('.repeat(5000)}1${')'.repeat(5000)}}}`],
    ['nested conditions', '{{if 1}}'.repeat(5000)],
    ['a long chain of conditions', `{{if 0}}${'{{else if 0}}'.repeat(5000)}{{end}}`],
    ['a large template', 'x'.repeat(defaultTemplateLimits.sizeMax + 1)],
  ])('%s ends', (_name, text) => {
    const execute = (): string => executeTemplate(parseTemplate(text), data, limits);
    expect(execute).toThrow(expect.objectContaining({ code: 'TEMPLATE_LIMIT' }));
  });
});

describe('any text', () => {
  const pieces = fc.constantFrom(
    '{{',
    '}}',
    '{{- ',
    ' -}}',
    '/*',
    '*/',
    '"',
    '`',
    "'",
    '\\',
    '(',
    ')',
    '|',
    ' ',
    '\n',
    '$',
    '$x',
    ':=',
    '=',
    ',',
    '.',
    '.Name',
    '.List',
    'if ',
    'range ',
    'with ',
    'else',
    '{{end}}',
    '{{else}}',
    'end',
    'nil',
    'true',
    '1',
    '-1.5',
    'x',
    'é',
    'print ',
    'printf ',
    '"%v"',
    'index ',
    'and ',
    'eq ',
    'break',
    'len ',
  );

  const failureOf = (text: string): unknown => {
    try {
      run(text);
      return undefined;
    } catch (error) {
      return error;
    }
  };

  test('is executed or refused at a place', () => {
    const placed = expect.objectContaining({
      code: expect.stringMatching(/^TEMPLATE_/) as string,
      position: expect.objectContaining({ file: 'query' }) as unknown,
    }) as unknown;
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 25 }), (words) => {
        expect([undefined, placed]).toContainEqual(failureOf(words.join('')));
      }),
      { numRuns: 2000 },
    );
  });

  test('without braces is its own output', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.includes('{{'));
        expect(run(text)).toBe(text);
      }),
    );
  });
});

/** Cheaper than the unit "binary" of fast-check, which first makes a table of all characters. */
const anyCharacter = fc.nat(0x10ffff).map((point) => String.fromCodePoint(point));

test('a quoted text is read back as itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter }), (text) => {
      fc.pre(text.isWellFormed());
      expect(run(`{{${run('{{printf "%q" .}}', text)}}}`, '')).toBe(text);
    }),
  );
});
