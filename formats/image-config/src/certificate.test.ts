import { expect, test } from 'vitest';
import { certificateDer, pemBlocks } from './certificate.ts';

const block = '-----BEGIN A B-----\nAQID\n-----END A B-----\n';

test('a block is found between other lines, whatever ends them', () => {
  for (const text of [
    block,
    `text\n${block}text`,
    block.replaceAll('\n', ' \r\n'),
    block.trimEnd(),
  ])
    expect(pemBlocks(text)).toEqual([{ label: 'A B', der: Buffer.from([1, 2, 3]) }]);
  expect(pemBlocks(block + block)).toHaveLength(2);
});

test('what does not begin or end a line is no block, nor is what is no Base64', () => {
  for (const text of [
    ` ${block}`,
    `x${block}`,
    `${block.trimEnd()}x`,
    block.replace('AQID', 'AQI'),
  ])
    expect(pemBlocks(text)).toEqual([]);
});

/** Of a key on secp256k1, which Go does not know. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBezCCASCgAwIBAgIUGrK7TEoppP4xB3KdkY9V6TJ5iJgwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJc2VjcDI1NmsxMB4XDTI2MTEzMDEzMjk1N1oXDTI2MTIxMDEz
Mjk1N1owFDESMBAGA1UEAwwJc2VjcDI1NmsxMFYwEAYHKoZIzj0CAQYFK4EEAAoD
QgAEM+ceMM+1hyiyZQOJaitNh5Of/Lm6sYPJmCRb/Be9ANk0yK0FHAWm3ERdbw7l
XPBz52ZWuXA+biYTlMKlA3ZADqNTMFEwHQYDVR0OBBYEFNSQlMhi3Kmy0rdqy/W+
Sg59SZnfMB8GA1UdIwQYMBaAFNSQlMhi3Kmy0rdqy/W+Sg59SZnfMA8GA1UdEwEB
/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAK0RAYYYd+7DZZgeI9RuWxrasJMS
abmzjd3RNblH5DXBAiEA+CH6IccCln0udX/fbTJCUEtk4BU3Sdc+rpsPswOc5lI=
-----END CERTIFICATE-----
`;

test('a certificate that Go does not take is one for Kiln, and none for apko', () => {
  expect(certificateDer(certificate, 'kiln')).toEqual(pemBlocks(certificate)[0]?.der);
  expect(certificateDer(certificate, 'apko')).toBe('malformed public key');
});
