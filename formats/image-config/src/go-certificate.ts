import { ECDH } from 'node:crypto';
import { KilnError } from '@kiln/base';
import { checkExtensions } from './certificate-extensions.ts';
import { Der, malformed, tags } from './der.ts';

/**
 * Why apko, which parses certificates with Go's `crypto/x509`, does not take one; undefined where it does. Nothing is verified: not
 * the signature, and not whether it has expired.
 */
export function certificateFault(der: Buffer): string | undefined {
  return faultOf(() => checkCertificate(new Der(der)));
}

/** Why apko does not take the DER of a public key (RFC 5280, section 4.1.2.7) for one of RSA; undefined where it does. */
export function rsaKeyFault(der: Buffer): string | undefined {
  return faultOf(() => {
    const outermost = new Der(der);
    if (readPublicKey(outermost) !== rsa) throw malformed('RSA key');
    if (!outermost.isEmpty) throw malformed('public key: bytes behind it');
  });
}

function faultOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    return error.message;
  }
}

// RFC 5280, section 4.1. Elements behind the known ones are passed over but at the outermost level, as there.
function checkCertificate(outermost: Der): void {
  const certificate = outermost.sequence('certificate');
  if (!outermost.isEmpty) throw malformed('certificate: bytes behind it');
  const body = certificate.sequence('certificate');
  const version = readVersion(body.optional(0xa0, 'version'));
  if (isNegative(body.integer('serial number'))) throw malformed('serial number: it is negative');
  const algorithm = body.take(tags.sequence, 'signature algorithm');
  if (!algorithm.equals(certificate.take(tags.sequence, 'signature algorithm')))
    throw malformed('signature algorithm: two of them');
  readAlgorithm(new Der(algorithm));
  checkName(body.sequence('issuer'), 'issuer');
  const validity = body.sequence('validity');
  checkTime(validity);
  checkTime(validity);
  checkName(body.sequence('subject'), 'subject');
  readPublicKey(body);
  if (version > 1) {
    body.optional(0x81, 'unique ID of the issuer');
    body.optional(0x82, 'unique ID of the subject');
  }
  const extensions = version === 3 ? body.optional(0xa3, 'extensions') : undefined;
  if (extensions !== undefined) checkExtensions(new Der(extensions).sequence('extensions'));
  certificate.bitString('signature');
}

function readVersion(content: Buffer | undefined): number {
  if (content === undefined) return 1;
  const inner = new Der(content);
  const [version = 3, ...more] = inner.integer('version');
  if (version > 2 || more.length > 0 || !inner.isEmpty) throw malformed('version');
  return version + 1;
}

function readAlgorithm(der: Der): { readonly algorithm: string; readonly parameters: Buffer } {
  const algorithm = der.objectId('algorithm');
  return { algorithm, parameters: der.isEmpty ? Buffer.of() : der.any('parameters').whole };
}

const nameStrings: Readonly<Record<number, (bytes: Buffer) => boolean>> = {
  0x0c: (bytes) => Buffer.from(bytes.toString()).equals(bytes),
  0x12: (bytes) => /^[0-9 ]*$/.test(bytes.toString('latin1')),
  0x13: (bytes) => /^[a-zA-Z0-9'()+,./ :=?*&-]*$/.test(bytes.toString('latin1')),
  0x14: () => true,
  0x16: (bytes) => bytes.every((byte) => byte < 0x80),
  0x1e: isBmpString,
};

function checkName(name: Der, what: string): void {
  while (!name.isEmpty) {
    const attributes = new Der(name.take(tags.set, what));
    while (!attributes.isEmpty) {
      const attribute = attributes.sequence(what);
      attribute.objectId(what);
      const { tag, content } = attribute.any(what);
      if (nameStrings[tag]?.(content) !== true) throw malformed(what);
    }
  }
}

/** Two bytes a character; surrogates and noncharacters are none, but for a zero at the end. */
function isBmpString(bytes: Buffer): boolean {
  if (bytes.length % 2 !== 0) return false;
  const characters = Buffer.from(bytes).swap16().toString('utf16le');
  return !/[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]/.test(characters);
}

/** With seconds, or in UTCTime without; in Z, or with an offset that is not 0. */
function checkTime(der: Der): void {
  const isUtc = der.isAt(tags.utcTime);
  const pattern = isUtc
    ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:Z|[+-](?!0000)(\d\d)(\d\d))$/
    : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:Z|[+-](?!0000)(\d\d)(\d\d))$/;
  const text = der.take(isUtc ? tags.utcTime : tags.generalizedTime, 'time').toString('latin1');
  const match = pattern.exec(text);
  if (match === null) throw malformed('time');
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, hours = 0, minutes = 0] =
    match.slice(1).map((part) => Number(part ?? 0));
  const isLeap = year % 4 === 0 && (isUtc || year % 100 !== 0 || year % 400 === 0);
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  const isTime = hour < 24 && minute < 60 && second < 60 && hours <= 24 && minutes < 60;
  if (day < 1 || day > days || !isTime) throw malformed('time');
}

const curves: Readonly<Record<string, string>> = {
  '1.3.132.0.33': 'secp224r1',
  '1.2.840.10045.3.1.7': 'prime256v1',
  '1.3.132.0.34': 'secp384r1',
  '1.3.132.0.35': 'secp521r1',
};

/** The algorithm of a key: of RSA, DSA, ECDSA or Ed25519; any of another will do. */
function readPublicKey(body: Der): string {
  const what = 'public key';
  const info = body.sequence(what);
  const { algorithm, parameters } = readAlgorithm(info.sequence(what));
  const { bytes, unusedBits } = info.bitString(what);
  const isGood = keyChecks[algorithm];
  if (isGood !== undefined && (unusedBits !== 0 || !isGood({ bytes, parameters })))
    throw malformed(what);
  return algorithm;
}

interface PublicKeyInfo {
  readonly bytes: Buffer;
  readonly parameters: Buffer;
}

const rsa = '1.2.840.113549.1.1.1';

const keyChecks: Readonly<Record<string, (key: PublicKeyInfo) => boolean>> = {
  [rsa]: ({ bytes, parameters }) => {
    const key = new Der(bytes).sequence('modulus');
    const modulus = key.integer('modulus');
    const exponent = key.integer('exponent');
    const isNull = parameters.equals(Buffer.of(5, 0));
    return isNull && isPositive(modulus) && isPositive(exponent) && exponent.length <= 8;
  },
  '1.2.840.10040.4.1': ({ bytes, parameters }) => {
    const numbers = new Der(parameters).sequence('parameters');
    return [new Der(bytes), numbers, numbers, numbers].every((der) =>
      isPositive(der.integer('public key')),
    );
  },
  '1.2.840.10045.2.1': ({ bytes, parameters }) => {
    const curve = curves[new Der(parameters).objectId('curve')];
    return curve !== undefined && bytes[0] === 4 && isPoint(bytes, curve);
  },
  '1.3.101.112': ({ bytes, parameters }) => parameters.length === 0 && bytes.length === 32,
};

function isPoint(bytes: Buffer, curve: string): boolean {
  try {
    ECDH.convertKey(bytes, curve);
    return true;
  } catch {
    // What else it is makes no difference.
    return false;
  }
}

function isNegative(integer: Buffer): boolean {
  return (integer[0] ?? 0) >= 0x80;
}

function isPositive(integer: Buffer): boolean {
  return !isNegative(integer) && integer.some((byte) => byte !== 0);
}
