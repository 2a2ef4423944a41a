import { canonicalJson, digestOf, hexOf } from '@kiln/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { intotoLimits } from './limits.ts';
import { COSIGN_SIGN_PREDICATE } from './predicate-types.ts';
import { hasSubject, parseStatement, printStatement, statementAbout } from './statement.ts';
import type { Statement } from './statement.ts';

const digest = digestOf('a manifest');
const statement = statementAbout(
  { name: 'registry.example/app', digest },
  COSIGN_SIGN_PREDICATE,
  {},
);
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const invalid = expect.objectContaining({ code: 'INTOTO_STATEMENT_INVALID' });

test('a statement prints as canonical JSON with sorted members', () => {
  expect(Buffer.from(printStatement(statement)).toString()).toBe(
    '{"_type":"https://in-toto.io/Statement/v1","predicate":{},"predicateType":"https://sigstore.dev/cosign/sign/v1",' +
      `"subject":[{"digest":{"sha256":"${hexOf(digest)}"},"name":"registry.example/app"}]}`,
  );
});

test('reading what was printed gives the same statement for any predicate', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (predicate) => {
      const original: Statement = statementAbout(
        { name: 'a', digest },
        'https://example.org/p/v1',
        predicate,
      );
      const printed = printStatement(original);
      expect(printStatement(parseStatement(printed))).toEqual(printed);
      expect(canonicalJson(parseStatement(printed).predicate)).toBe(canonicalJson(predicate));
    }),
  );
});

test('a v0.1 statement reads as v1, and unknown members are ignored', () => {
  const old = { ...statement, _type: 'https://in-toto.io/Statement/v0.1', more: 1 };
  expect(parseStatement(bytes(old))).toEqual(statement);
});

test('a missing or null predicate reads as an empty one', () => {
  const { predicate: _, ...bare } = statement;
  expect(parseStatement(bytes(bare)).predicate).toEqual({});
  expect(parseStatement(bytes({ ...bare, predicate: null })).predicate).toEqual({});
});

test('a subject is found by its sha256 alone', () => {
  expect(hasSubject(statement, digest)).toBe(true);
  expect(hasSubject(statement, digestOf('another'))).toBe(false);
});

describe('refused', () => {
  const cases: Readonly<Record<string, unknown>> = {
    'no subject': { ...statement, subject: [] },
    'a subject without digest': { ...statement, subject: [{ name: 'a' }] },
    'a subject with an empty digest set': { ...statement, subject: [{ digest: {} }] },
    'upper-case hexadecimal': { ...statement, subject: [{ digest: { sha256: 'A'.repeat(64) } }] },
    'a short sha256': { ...statement, subject: [{ digest: { sha256: 'ab'.repeat(20) } }] },
    'two subjects of one name': {
      ...statement,
      subject: [...statement.subject, ...statement.subject],
    },
    '1,025 subjects': {
      ...statement,
      subject: Array.from({ length: 1025 }, () => ({ digest: { sha256: 'a'.repeat(64) } })),
    },
    '33 digests': {
      ...statement,
      subject: [
        { digest: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`a${i}`, 'abcdef01'])) },
      ],
    },
    'another statement type': { ...statement, _type: 'https://in-toto.io/Statement/v2' },
    'no predicate type': { ...statement, predicateType: '' },
    'an array as predicate': { ...statement, predicate: [] },
    'an array': [statement],
    null: null,
  };
  test.each(Object.entries(cases))('%s', (_name, value) => {
    expect(() => parseStatement(bytes(value))).toThrow(invalid);
  });

  test('a member that occurs twice, however it is spelled', () => {
    const text = Buffer.from(printStatement(statement)).toString();
    const twice = text.replace('"predicateType":', '"predicate\\u0054ype":"x","predicateType":');
    expect(() => parseStatement(Buffer.from(twice))).toThrow(/occurs twice/);
  });

  test('nesting that would exhaust the stack', () => {
    const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
    expect(() => parseStatement(Buffer.from(deep))).toThrow(/nested deeper than 64/);
  });

  test('invalid UTF-8, a byte order mark, truncation and oversize', () => {
    const good = printStatement(statement);
    expect(() => parseStatement(Uint8Array.of(0xff, ...good))).toThrow(invalid);
    expect(() => parseStatement(Uint8Array.of(0xef, 0xbb, 0xbf, ...good))).toThrow(invalid);
    expect(() => parseStatement(good.subarray(0, -1))).toThrow(invalid);
    expect(() => parseStatement(Buffer.from('"\\'))).toThrow(invalid);
    const long = Buffer.alloc(intotoLimits.statementSizeBytesMax + 1, ' ');
    expect(() => parseStatement(long)).toThrow(invalid);
  });

  test('a statement that could not be read back is not printed', () => {
    expect(() => printStatement({ ...statement, subject: [] })).toThrow(invalid);
  });
});

test('a predicate with names like __proto__ is only data', () => {
  const text = Buffer.from(printStatement(statement)).toString();
  const parsed = parseStatement(Buffer.from(text.replace('{}', '{"__proto__":{"polluted":true}}')));
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect((parsed.predicate as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(Buffer.from(printStatement(parsed)).toString()).toContain(
    '{"__proto__":{"polluted":true}}',
  );
});

test('a string of megabytes is scanned in linear time', () => {
  const large = statementAbout({ name: 'a', digest }, 'x', { text: 'a\\"'.repeat(500_000) });
  expect(parseStatement(printStatement(large)).predicate['text']).toHaveLength(1_500_000);
});
