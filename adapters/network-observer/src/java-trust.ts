import { createHash } from 'node:crypto';

/** Java reads no PEM: its programs find an authority in a trust store, whose password guards nothing. */
export const javaTrustPassword = 'changeit';

const magic = 0xfeedfeed;
const version = 2;
const trustedCertificate = 2;

/**
 * A trust store with one certificate (PEM), as every Java since 1.2 reads it: the format JKS of the JDK's `JavaKeyStore`.
 * All numbers are big-endian; texts have their length in two bytes before them. Its end is the SHA-1 of the password in
 * UTF-16, of a constant, and of everything before it.
 */
export function javaTrustStore(certificate: string, alias: string): Buffer {
  const der = Buffer.from(certificate.replaceAll(/-----[^-]*-----|\s/g, ''), 'base64');
  const content = Buffer.concat([
    ...[magic, version, 1, trustedCertificate].map(number),
    text(alias),
    // When it was added, which nobody asks for.
    Buffer.alloc(8),
    text('X.509'),
    number(der.length),
    der,
  ]);
  const password = Buffer.from(javaTrustPassword, 'utf16le').swap16();
  const digest = createHash('sha1').update(password).update('Mighty Aphrodite').update(content);
  return Buffer.concat([content, digest.digest()]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
