import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Bytes that a check of each kind takes, known or not. */
const sizes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64] as const;

/** What stands behind a block to verify its content; kinds that are not known are skipped. */
export interface Check {
  readonly sizeBytes: number;
  update(bytes: Uint8Array): void;
  holds(stored: Uint8Array): boolean;
}

export function checkOf(kind: number): Check {
  const sizeBytes = sizes[kind & 15] ?? 0;
  if (kind === 1) return crc32Check();
  if (kind === 4) return crc64Check();
  if (kind === 10) return sha256Check();
  return { sizeBytes, update: () => undefined, holds: () => true };
}

function crc32Check(): Check {
  let value = 0;
  return {
    sizeBytes: 4,
    update: (bytes) => void (value = crc32(bytes, value)),
    holds: (stored) => Buffer.from(stored).readUInt32LE(0) === value,
  };
}

function sha256Check(): Check {
  const hash = createHash('sha256');
  return {
    sizeBytes: 32,
    update: (bytes) => void hash.update(bytes),
    holds: (stored) => hash.digest().equals(stored),
  };
}

/** CRC-64 of ECMA-182, reflected, in two halves: numbers hold no 64 bits. */
function crc64Check(): Check {
  let low = 0xffff_ffff;
  let high = 0xffff_ffff;
  return {
    sizeBytes: 8,
    update(bytes) {
      for (const byte of bytes) {
        const index = (low ^ byte) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ (crc64Low[index] ?? 0);
        high = (high >>> 8) ^ (crc64High[index] ?? 0);
      }
    },
    holds(stored) {
      const expected = Buffer.from(stored);
      return expected.readUInt32LE(0) === ~low >>> 0 && expected.readUInt32LE(4) === ~high >>> 0;
    },
  };
}

const crc64Low = new Uint32Array(256);
const crc64High = new Uint32Array(256);
for (let index = 0; index < 256; index++) {
  let low = index;
  let high = 0;
  for (let bit = 0; bit < 8; bit++) {
    const odd = (low & 1) === 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (odd) {
      low ^= 0xd787_0f42;
      high ^= 0xc96c_5795;
    }
  }
  crc64Low[index] = low;
  crc64High[index] = high;
}
