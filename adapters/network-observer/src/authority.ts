import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import {
  bitString,
  element,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  tagged,
  utcTime,
  utf8String,
  yes,
} from './der.ts';

const algorithm = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
// The guest's clock may say anything, and what these certificates are good for ends with the build.
const validity = sequence(utcTime('000101000000Z'), utcTime('491231235959Z'));

interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A certificate and its private key, as PEM. */
export interface Credential {
  readonly certificate: string;
  readonly key: string;
}

/**
 * A certificate authority of one build (RFC 5280; keys on P-256): its private key is in this process's memory alone and goes
 * with it. It vouches for any name to who trusts it, which are the steps of the build.
 */
export class Authority {
  /** PEM. */
  readonly certificate: string;
  readonly #keys = makeKeys();
  /** One pair for all hosts: they are all this process. */
  readonly #hostKeys = makeKeys();

  constructor() {
    this.certificate = this.#certificate('kiln build', this.#keys.publicKey, [
      extension('2.5.29.19', sequence(yes), 'critical'),
      // keyCertSign
      extension('2.5.29.15', bitString(Buffer.from([0x04]), 2), 'critical'),
      extension('2.5.29.14', octetString(keyIdentifier(this.#keys.publicKey))),
    ]);
  }

  /** For a DNS name or an IP address, as a TLS server of that name. */
  credentialFor(host: string): Credential {
    const issuer = element(0x80, keyIdentifier(this.#keys.publicKey));
    const certificate = this.#certificate('kiln observer', this.#hostKeys.publicKey, [
      extension('2.5.29.17', sequence(generalName(host))),
      // digitalSignature
      extension('2.5.29.15', bitString(Buffer.from([0x80]), 7), 'critical'),
      // serverAuth
      extension('2.5.29.37', sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'))),
      extension('2.5.29.35', sequence(issuer)),
    ]);
    const key = this.#hostKeys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    return { certificate, key };
  }

  #certificate(subject: string, publicKey: KeyObject, extensions: readonly Buffer[]): string {
    const body = sequence(
      tagged(0, integer(2)),
      integer(serialNumber()),
      algorithm,
      name('kiln build'),
      validity,
      name(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      tagged(3, sequence(...extensions)),
    );
    const signature = bitString(sign('sha256', body, this.#keys.privateKey));
    const base64 = sequence(body, algorithm, signature).toString('base64');
    const lines = base64.match(/.{1,64}/g) ?? [];
    return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  }
}

function makeKeys(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** Sixteen bytes, of which the first is neither 0 nor negative. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes;
}

function keyIdentifier(key: KeyObject): Buffer {
  const bytes = key.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(bytes).digest().subarray(0, 20);
}

function name(commonName: string): Buffer {
  const attribute = sequence(objectIdentifier('2.5.4.3'), utf8String(commonName));
  return sequence(element(0x31, attribute));
}

function extension(id: string, value: Buffer, critical?: 'critical'): Buffer {
  const flag = critical === undefined ? [] : [yes];
  return sequence(objectIdentifier(id), ...flag, octetString(value));
}

function generalName(host: string): Buffer {
  if (isIP(host) === 0) return element(0x82, Buffer.from(host, 'latin1'));
  return element(0x87, isIPv4(host) ? Buffer.from(host.split('.').map(Number)) : ipv6Bytes(host));
}

/** The address in a URL has one canonical form, whose gap is filled here. */
function ipv6Bytes(address: string): Buffer {
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [front = '', back] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const [before, after] = [groups(front), groups(back ?? '')];
  const gap = back === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...Array<number>(gap).fill(0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}
