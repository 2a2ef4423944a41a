import { createHash, hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { setImmediate as immediate } from 'node:timers/promises';
import { checksumOf, defaultPackageLimits, readControl, splitSignatures } from '@kiln/apk';
import { KilnError, digestFromHex, shorten } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { firstMember } from '@kiln/gzip';
import { failure } from './failure.ts';

/** What an index says of a package. */
export interface ExpectedPackage {
  readonly name: string;
  readonly version: string;
  /** `Q1…` of the control segment. */
  readonly checksum: string;
}

/** Of a file, enough for its signatures and its control segment; most need a small part of it. */
const headBytes = [32 * 1024, 256 * 1024, 4 * 2 ** 20, 2 * defaultPackageLimits.controlBytesMax];

interface Head {
  readonly checksum: string;
  readonly dataHash: string;
  /** The signature segment; 0 bytes when there is none. */
  readonly signature: PackageSection;
  readonly control: PackageSection;
  readonly beforeData: BeforeData;
}

/** What stands before the data segment of a package file: its signature and control segments. */
export interface BeforeData {
  readonly sizeBytes: number;
  /** SHA-256 in hexadecimal. The control segment in it has the hash of the data. */
  readonly sha256: string;
}

/** A part of a package file, in its order: where one ends the next begins. */
export interface PackageSection {
  readonly sizeBytes: number;
  /** SHA-1 of signature and control segments, SHA-256 of data segments. */
  readonly hash: Uint8Array;
}

/** A package that is what its index says. */
export interface CheckedPackage {
  /** Of the whole file. */
  readonly digest: Digest;
  readonly signature: PackageSection;
  readonly control: PackageSection;
  readonly data: PackageSection;
  readonly beforeData: BeforeData;
}

/** Of a file, what is in memory at a time: used by one after another, without waiting. */
const chunk = Buffer.allocUnsafeSlow(256 * 1024);

/**
 * Compares the file of a package with what the index pins: the control segment with its checksum, the data segment with the
 * hash in the control segment; so every byte but the package's own signature is the publisher's. Reads the file once and
 * returns its digest and its parts. Throws `APK_CLIENT_CHECKSUM_MISMATCH`, and the file system's errors.
 */
export async function checkPackage(
  path: string,
  expected: ExpectedPackage,
): Promise<CheckedPackage> {
  // A pipe would be waited for, here and for ever.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return await checkFile(file, expected);
  } finally {
    closeSync(file);
  }
}

async function checkFile(file: number, expected: ExpectedPackage): Promise<CheckedPackage> {
  const head = await readHead(file, expected);
  if (head.checksum !== expected.checksum) {
    throw mismatch(
      expected,
      `has control checksum ${head.checksum}, the index says ${shorten(expected.checksum)}`,
    );
  }
  const { signature, control, beforeData } = head;
  const sums = await sumsOf(file, beforeData.sizeBytes);
  if (sums.data !== head.dataHash)
    throw mismatch(
      expected,
      `has data hash ${sums.data}, its control segment says ${head.dataHash || 'nothing'}`,
    );
  const data = {
    sizeBytes: sums.sizeBytes - beforeData.sizeBytes,
    hash: Buffer.from(sums.data, 'hex'),
  };
  return { digest: digestFromHex(sums.whole), signature, control, data, beforeData };
}

interface Sums {
  readonly sizeBytes: number;
  /** SHA-256 in hexadecimal, as that of the data. */
  readonly whole: string;
  readonly data: string;
}

/** What was written or read lately is copied in less time than another thread is asked for it: a part at a time this waits for it. */
async function sumsOf(file: number, dataOffset: number): Promise<Sums> {
  const whole = createHash('sha256');
  const data = createHash('sha256');
  let at = 0;
  for (;;) {
    const bytes = chunk.subarray(0, readSync(file, chunk, 0, chunk.length, at));
    if (bytes.length === 0) break;
    whole.update(bytes);
    data.update(bytes.subarray(Math.min(Math.max(dataOffset - at, 0), bytes.length)));
    at += bytes.length;
    await immediate();
  }
  return { sizeBytes: at, whole: whole.digest('hex'), data: data.digest('hex') };
}

async function readHead(file: number, expected: ExpectedPackage): Promise<Head> {
  for (const [i, sizeBytes] of headBytes.entries()) {
    const bytes = firstBytes(file, sizeBytes);
    try {
      return await parseHead(bytes);
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      const isLonger = bytes.length === sizeBytes && i < headBytes.length - 1;
      if (error.code === 'GZIP_TRUNCATED' && isLonger) continue;
      throw mismatch(expected, `is no package: ${error.message}`);
    }
  }
  throw new Error('assertion failed: the last attempt throws');
}

async function parseHead(bytes: Uint8Array): Promise<Head> {
  const { rest } = await splitSignatures(bytes);
  const { compressed } = firstMember(rest, {
    outputBytesMax: defaultPackageLimits.controlBytesMax,
    usualBytes: 32 * 1024,
  });
  const { info } = await readControl(compressed, { dialect: 'apko' });
  const signature = sectionOf(bytes.subarray(0, bytes.length - rest.length));
  const control = sectionOf(compressed);
  const sizeBytes = signature.sizeBytes + control.sizeBytes;
  return {
    checksum: checksumOf(compressed),
    dataHash: info.dataHash,
    signature,
    control,
    beforeData: { sizeBytes, sha256: hash('sha256', bytes.subarray(0, sizeBytes)) },
  };
}

function sectionOf(bytes: Uint8Array): PackageSection {
  return { sizeBytes: bytes.length, hash: createHash('sha1').update(bytes).digest() };
}

function firstBytes(file: number, sizeBytes: number): Uint8Array {
  const buffer = Buffer.allocUnsafeSlow(Math.min(sizeBytes, fstatSync(file).size));
  return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, 0));
}

function mismatch({ name, version }: ExpectedPackage, reason: string): KilnError {
  return failure(
    'APK_CLIENT_CHECKSUM_MISMATCH',
    `package ${shorten(`${name}-${version}`)} ${reason}`,
    {
      hint: 'it is not what the index was signed for: damaged, replaced, or the index is older or newer than the package',
    },
  );
}
