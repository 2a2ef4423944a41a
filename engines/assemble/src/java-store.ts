import { createHash } from 'node:crypto';
import { compareBytes } from '@kiln/base';

/** Content that is no store, or one under another password. */
export class JavaStoreError extends Error {}

/** A certificate to trust, in DER. */
export interface TrustedCertificate {
  /** Capitals count as small letters. */
  readonly alias: string;
  readonly der: Uint8Array;
}

const magic = 0xfeed_feed;
const version = 2;
const tags = { privateKey: 1, certificate: 2 } as const;
const digestBytes = 20;

/** The one that the trust store of every Java has. */
const password = 'changeit';

/**
 * A key store in Java's own format (JKS, version 2) with further certificates, created at a time, each in place of an entry of its alias. All of its other
 * entries stay as they are; they are in the byte order of their aliases then. Throws `JavaStoreError`.
 */
export function addToJavaStore(
  store: Uint8Array,
  certificates: readonly TrustedCertificate[],
  createdMs: number,
): Uint8Array {
  const entries = readEntries(store);
  for (const one of certificates) {
    const alias = Buffer.from(one.alias.toLowerCase());
    entries.set(alias.toString('latin1'), printCertificate(alias, one.der, createdMs));
  }
  const sorted = [...entries].sort(([a], [b]) => compareBytes(a, b));
  const head = Buffer.concat([uint32(magic), uint32(version), uint32(sorted.length)]);
  const body = Buffer.concat([head, ...sorted.map(([, entry]) => entry)]);
  return Buffer.concat([body, digestOf(body)]);
}

/** SHA-1 over the password, a phrase that the format has, and all before it. */
function digestOf(body: Uint8Array): Uint8Array {
  const hash = createHash('sha1').update(Buffer.from(password, 'utf16le').swap16());
  return hash.update('Mighty Aphrodite').update(body).digest();
}

/** Each entry as it is written, by the bytes of its alias. */
function readEntries(store: Uint8Array): Map<string, Uint8Array> {
  const reader = new Reader(store);
  if (reader.uint32() !== magic) throw new JavaStoreError('is no key store in the format JKS');
  const found = reader.uint32();
  if (found !== version) throw new JavaStoreError(`is a key store of version ${found}`);
  const entries = new Map<string, Uint8Array>();
  for (let left = reader.uint32(); left > 0; left -= 1) {
    const start = reader.at;
    const tag = reader.uint32();
    const alias = reader.text();
    reader.skip(8);
    if (tag === tags.certificate) reader.certificate();
    else if (tag === tags.privateKey) {
      reader.skip(reader.uint32());
      for (let chain = reader.uint32(); chain > 0; chain -= 1) reader.certificate();
    } else throw new JavaStoreError(`has an entry of kind ${tag}`);
    entries.set(alias, store.subarray(start, reader.at));
  }
  const body = store.subarray(0, reader.at);
  if (Buffer.compare(reader.bytes(digestBytes), digestOf(body)) !== 0)
    throw new JavaStoreError('is damaged, or has another password than Java’s own');
  return entries;
}

class Reader {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  bytes(count: number): Uint8Array {
    this.skip(count);
    return this.#bytes.subarray(this.at - count, this.at);
  }

  skip(count: number): void {
    if (count > this.#bytes.length - this.at) throw new JavaStoreError('ends too early');
    this.at += count;
  }

  uint32(): number {
    this.skip(4);
    return this.#bytes.readUInt32BE(this.at - 4);
  }

  /** Its bytes as they are. */
  text(): string {
    this.skip(2);
    const count = this.#bytes.readUInt16BE(this.at - 2);
    return Buffer.from(this.bytes(count)).toString('latin1');
  }

  /** Its type and its content. */
  certificate(): void {
    this.text();
    this.skip(this.uint32());
  }
}

function printCertificate(alias: Uint8Array, der: Uint8Array, createdMs: number): Uint8Array {
  const created = Buffer.alloc(8);
  created.writeBigInt64BE(BigInt(createdMs));
  return Buffer.concat([
    uint32(tags.certificate),
    text(alias),
    created,
    text(Buffer.from('X.509')),
    uint32(der.length),
    der,
  ]);
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** With its length before it. */
function text(bytes: Uint8Array): Uint8Array {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
