import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { certificateFault, rsaKeyFault } from './go-certificate.ts';

function der(tag: number, ...contents: (Buffer | string)[]): Buffer {
  const content = Buffer.concat(contents.map((part) => Buffer.from(part)));
  const size = content.length;
  const length =
    size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const sequence = (...contents: (Buffer | string)[]): Buffer => der(0x30, ...contents);
const integer = (bytes: string): Buffer => der(2, hex(bytes));
const objectId = (bytes: string): Buffer => der(6, hex(bytes));
const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'));
const name = (tag: number, text: Buffer | string): Buffer =>
  sequence(der(0x31, sequence(objectId('550403'), der(tag, text))));
const spki = ({ publicKey }: { readonly publicKey: KeyObject }): Buffer =>
  publicKey.export({ type: 'spki', format: 'der' });
const onCurve = (namedCurve: string): Buffer => spki(generateKeyPairSync('ec', { namedCurve }));
const p256 = onCurve('prime256v1');

interface Parts {
  readonly version?: Buffer;
  readonly serial?: Buffer;
  readonly algorithm?: Buffer;
  readonly issuer?: Buffer;
  readonly notBefore?: Buffer;
  readonly key?: Buffer;
  readonly extensions?: Buffer;
  readonly signature?: Buffer;
  readonly behind?: Buffer;
}

function certificate(parts: Parts = {}): Buffer {
  const time = der(0x17, '260101000000Z');
  const body = sequence(
    parts.version ?? der(0xa0, integer('02')),
    parts.serial ?? integer('01'),
    ecdsaWithSha256,
    parts.issuer ?? name(0x0c, 'x'),
    sequence(parts.notBefore ?? time, time),
    name(0x0c, 'x'),
    parts.key ?? p256,
    parts.extensions ?? Buffer.of(),
  );
  return Buffer.concat([
    sequence(body, parts.algorithm ?? ecdsaWithSha256, parts.signature ?? der(3, hex('0001'))),
    parts.behind ?? Buffer.of(),
  ]);
}

const key = (algorithm: string, parameters: Buffer, bytes: Buffer | string): Buffer =>
  sequence(sequence(objectId(algorithm), parameters), der(3, Buffer.of(0), Buffer.from(bytes)));
const rsa = '2a864886f70d010101';
const rsaNumbers = (exponent: string): Buffer => sequence(integer('00c1'), integer(exponent));
const nothing = Buffer.of();

describe('a certificate', () => {
  test.each<[string, Parts]>([
    ['that has little', {}],
    ['of version 1', { version: nothing }],
    ['of version 1 with what versions 3 have', { version: nothing, extensions: der(0xa3, '') }],
    ['of no version', { version: der(0xa0, integer('00')) }],
    ['with the serial number 0', { serial: integer('00') }],
    ['of nobody', { issuer: sequence() }],
    ['with a name in BMPString', { issuer: name(0x1e, '\0a') }],
    ['that expired in 1996', { notBefore: der(0x17, '960229000000Z') }],
    ['of a time without seconds', { notBefore: der(0x17, '2601010000Z') }],
    ['of a time with an offset', { notBefore: der(0x18, '20260101000000+0130') }],
    ['for RSA', { key: key(rsa, hex('0500'), rsaNumbers('010001')) }],
    ['for Ed25519', { key: spki(generateKeyPairSync('ed25519')) }],
    ['for P-224', { key: onCurve('secp224r1') }],
    ['for an algorithm of its own', { key: key('2a0304', nothing, '') }],
  ])('%s is taken', (_, parts) => {
    expect(certificateFault(certificate(parts))).toBeUndefined();
  });

  test.each<[string, Parts, string]>([
    ['with bytes behind it', { behind: hex('00') }, 'certificate: bytes behind it'],
    ['of version 4', { version: der(0xa0, integer('03')) }, 'version'],
    ['of two versions', { version: der(0xa0, integer('02'), integer('02')) }, 'version'],
    ['with a negative serial number', { serial: integer('80') }, 'serial number: it is negative'],
    ['with a serial number too long', { serial: integer('0001') }, 'serial number'],
    ['with two algorithms', { algorithm: sequence() }, 'signature algorithm: two of them'],
    ['with a name of an underscore', { issuer: name(0x13, 'a_b') }, 'issuer'],
    ['with a name in half a BMPString', { issuer: name(0x1e, 'a') }, 'issuer'],
    ['with a name in UniversalString', { issuer: name(0x1c, '\0\0\0a') }, 'issuer'],
    ['with a name not UTF-8', { issuer: name(0x0c, hex('e4')) }, 'issuer'],
    ['of 29 February 2026', { notBefore: der(0x17, '260229000000Z') }, 'time'],
    ['of a month 13', { notBefore: der(0x17, '261301000000Z') }, 'time'],
    ['with an offset of nothing', { notBefore: der(0x17, '260101000000+0000') }, 'time'],
    ['for RSA without parameters', { key: key(rsa, nothing, rsaNumbers('03')) }, 'public key'],
    ['for RSA with a power of 0', { key: key(rsa, hex('0500'), rsaNumbers('00')) }, 'public key'],
    ['for a curve of others', { key: onCurve('secp256k1') }, 'public key'],
    [
      'with a point beside its curve',
      { key: Buffer.concat([p256.subarray(0, -64), Buffer.alloc(64, 1)]) },
      'public key',
    ],
    ['with bits beyond the end of its signature', { signature: der(3, hex('0101')) }, 'signature'],
  ])('%s is refused', (_, parts, what) => {
    expect(certificateFault(certificate(parts))).toBe(`malformed ${what}`);
  });

  test.each([
    ['no bytes', ''],
    ['a tag of two bytes', '3f8101'],
    ['a length without end', '30800000'],
    ['a length of more bytes than it needs', '308101'],
    ['more than there is', '3005'],
  ])('%s are none', (_, bytes) => {
    expect(certificateFault(hex(bytes))).toBe('malformed certificate');
  });
});

describe('an extension', () => {
  const extended = (...extensions: Buffer[]): Parts => ({
    extensions: der(0xa3, sequence(...extensions)),
  });
  const extension = (id: string, value: Buffer | string, isCritical = false): Buffer =>
    sequence(objectId(id), isCritical ? der(1, hex('ff')) : nothing, der(4, value));
  const names = (tag: number, text: Buffer | string): Buffer =>
    extension('551d11', sequence(der(tag, text)));
  const constraint = (tag: number, text: Buffer | string): Buffer =>
    extension('551d1e', sequence(der(0xa1, sequence(der(tag, text)))));

  test.each<[string, Buffer]>([
    ['nobody knows', extension('2a0304', 'x', true)],
    ['of key usage', extension('551d0f', der(3, hex('0780')))],
    [
      'that says it is an authority',
      extension('551d13', sequence(der(1, hex('ff')), integer('00'))),
    ],
    ['with a domain', names(0x82, 'a b')],
    ['with an address', names(0x86, 'http://[::1]:80/')],
    ['with an IP address', names(0x87, '1234')],
    ['that excludes a network', constraint(0x87, hex('0a000000ff000000'))],
    ['that excludes domains', constraint(0x82, '.example')],
    ['that excludes a mailbox', constraint(0x81, 'a@example')],
    ['of policies', extension('551d20', sequence(sequence(objectId('2a03'))))],
    ['of policy constraints', extension('551d24', sequence(der(0x80, hex('00'))))],
    ['of where to ask', extension('2b06010505070101', sequence(sequence(objectId('2a03'))))],
    ['of lists', extension('551d1f', sequence(sequence(der(0xa0, der(0xa0, der(0x86, 'x'))))))],
  ])('%s is taken', (_, one) => {
    expect(certificateFault(certificate(extended(one)))).toBeUndefined();
  });

  const policy = sequence(objectId('2a03'));
  test.each<[string, Buffer[], string]>([
    [
      'that comes twice',
      [extension('2a03', ''), extension('2a03', '')],
      'extension 1.2.3: it comes twice',
    ],
    [
      'that is critical as 1',
      [sequence(objectId('2a03'), der(1, hex('01')), der(4, ''))],
      'extension',
    ],
    ['of key usage with bits too many', [extension('551d0f', der(3, hex('0781')))], 'key usage'],
    ['with a negative path', [extension('551d13', sequence(integer('ff')))], 'basic constraints'],
    ['with a domain not ASCII', [names(0x82, hex('e4'))], 'subject alternative name'],
    [
      'with an address of an empty label',
      [names(0x86, 'http://a..b/')],
      'subject alternative name: a domain',
    ],
    [
      'with an IP address of 3 bytes',
      [names(0x87, '123')],
      'subject alternative name: an IP address',
    ],
    ['that excludes nothing', [extension('551d1e', sequence())], 'name constraints'],
    [
      'that excludes a network with holes',
      [constraint(0x87, hex('0a000000ff00ff00'))],
      'name constraint',
    ],
    ['that excludes an empty label', [constraint(0x82, 'a..b')], 'name constraint'],
    [
      'that excludes the addresses of an IP address',
      [constraint(0x86, '1.2.3.4')],
      'name constraint',
    ],
    [
      'of one policy twice',
      [extension('551d20', sequence(policy, policy))],
      'certificate policies',
    ],
    [
      'of a number that is none',
      [extension('551d24', sequence(der(0x80, '')))],
      'policy constraints',
    ],
    [
      'that names the key and is critical',
      [extension('551d0e', der(4, ''), true)],
      'subject key identifier: it is critical',
    ],
    ['of no usage', [extension('551d25', sequence(der(6, '')))], 'extended key usage'],
  ])('%s is refused', (_, some, what) => {
    expect(certificateFault(certificate(extended(...some)))).toBe(`malformed ${what}`);
  });

  test('with an address that is none is refused', () => {
    expect(certificateFault(certificate(extended(names(0x86, 'http://a b/'))))).toMatch(/address/);
  });
});

test('a key of RSA is whole, and of nothing else', () => {
  const whole = key(rsa, hex('0500'), rsaNumbers('010001'));
  expect(rsaKeyFault(whole)).toBeUndefined();
  expect(rsaKeyFault(Buffer.concat([whole, Buffer.of(0)]))).toBe(
    'malformed public key: bytes behind it',
  );
  expect(rsaKeyFault(key(rsa, nothing, rsaNumbers('010001')))).toBe('malformed public key');
  expect(rsaKeyFault(p256)).toBe('malformed RSA key');
});
