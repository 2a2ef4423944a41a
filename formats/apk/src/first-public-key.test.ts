import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { firstPublicKey } from './first-public-key.ts';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const pkcs1 = pair.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .publicKey.export({ type: 'spki', format: 'pem' })
  .toString();
const [first = '', ...body] = pem.trim().split('\n');
const last = body.pop() ?? '';

test.each([
  ['as it is made', pem],
  ['with lines of another system', pem.replaceAll('\n', '\r\n')],
  ['without an end of the last line', pem.trim()],
  ['between texts', `a key\n${pem}and more`],
  ['under another name', pem.replaceAll('PUBLIC KEY', 'ANY')],
  ['with headers', `${first}\nA: b\nC:\n\n${body.join('\n')}\n${last}`],
  ['on one line', `${first}\n${body.join('')}\n${last}\n`],
  ['with blanks at the ends of lines', pem.replaceAll('\n', ' \t\n')],
  ['behind a block that is broken', `${first}\n!\n${last}\n${pem}`],
  ['behind a beginning without an end', `${first}\n${pem}`],
  ['before another', `${pem}${elliptic}`],
])('the key is found %s', (_how, text) => {
  expect(firstPublicKey(text)).toBe(pem);
});

test.each([
  ['nothing', ''],
  ['text', 'no key\n'],
  ['PKCS #1', pkcs1],
  ['PKCS #1 that another follows', `${pkcs1}${pem}`],
  ['an elliptic curve', elliptic],
  ['another end', pem.replace('END PUBLIC', 'END')],
  ['an end with text behind it', `${pem.trim()} x\n`],
  ['a beginning within a line', `x ${pem}`],
  ['a byte order mark', `\ufeff${pem}`],
  ['headers alone', `${first}\nA: b\n${last}\n`],
  ['an empty block', `${first}\n${last}\n`],
  ['half a key', `${first}\n${body[0] ?? ''}\n${last}\n`],
])('there is no key in %s', (_what, text) => {
  expect(firstPublicKey(text)).toBeUndefined();
});
