import { digestOf } from '@kiln/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseBundle, printBundle } from './bundle.ts';
import { INTOTO_PAYLOAD_TYPE } from './dsse.ts';
import { alignedPart, base64Part, bundleFrame, statementFrame } from './parts.ts';
import { SPDX_PREDICATE } from './predicate-types.ts';
import { parseStatement, printStatement, statementAbout } from './statement.ts';

const subject = { name: 'app "predicate":{}', digest: digestOf('manifest') };
const signature = Buffer.from('a signature');
const keyHint = 'aGludA==';

/** The parts of a statement about these packages. */
function partsOf(packages: readonly unknown[]): Uint8Array[] {
  const frame = statementFrame(subject, SPDX_PREDICATE);
  const items = packages.map(
    (one, at) => `${JSON.stringify(one)}${at < packages.length - 1 ? ',' : ''}`,
  );
  return [
    frame.head,
    alignedPart('{"packages":['),
    ...items.map((item) => alignedPart(item)),
    alignedPart(']}'),
    frame.tail,
  ];
}

test('a statement made of parts says what the printed one says', () => {
  fc.assert(
    fc.property(fc.array(fc.json().map((text): unknown => JSON.parse(text))), (packages) => {
      const statement = statementAbout(subject, SPDX_PREDICATE, { packages });
      expect(parseStatement(Buffer.concat(partsOf(packages)))).toEqual(
        parseStatement(printStatement(statement)),
      );
    }),
    { examples: [[[]]] },
  );
});

test('but for blanks it is the printed one', () => {
  const packages = [{ a: 1 }, { b: 22 }, { c: 333 }];
  const printed = printStatement(statementAbout(subject, SPDX_PREDICATE, { packages }));
  const text = Buffer.concat(partsOf(packages)).toString();
  expect(text).toMatch(/ /);
  const blanks = text.replaceAll(/([[\]{},:"]) +(?=[[\]{},:"])/g, '$1').replaceAll(/: +\{/g, ':{');
  expect(blanks).toBe(Buffer.from(printed).toString());
});

test('the bundle of its parts is the printed bundle of the whole, byte for byte', () => {
  const bytes = fc.uint8Array({ maxLength: 40 }).map((part) => alignedPart(part));
  fc.assert(
    fc.property(fc.array(bytes), fc.uint8Array({ maxLength: 40 }), (aligned, last) => {
      const parts = [...aligned, last];
      const payload = Buffer.concat(parts);
      const frame = bundleFrame(signature, keyHint);
      const made = Buffer.concat([frame.head, ...parts.map(base64Part), frame.tail]);
      const envelope = {
        payload,
        payloadType: INTOTO_PAYLOAD_TYPE,
        signatures: [{ signature, keyId: '' }],
      };
      expect(made).toEqual(Buffer.from(printBundle({ envelope, keyHint })));
      expect(Buffer.compare(parseBundle(made).envelope.payload, payload)).toBe(0);
    }),
  );
});

test('only what needs it is filled up', () => {
  for (const [text, length] of [
    ['', 0],
    ['a', 3],
    ['ab', 3],
    ['abc', 3],
    ['abcd', 6],
  ] as const)
    expect(alignedPart(text)).toHaveLength(length);
});
