import { KilnError } from '@kiln/base';
import { firstMember, memberStart } from '@kiln/gzip';
import { apkInvalid } from './errors.ts';
import { parseSignatures } from './signature-segment.ts';
import type { ApkSignature } from './signature.ts';

/** Signature members before the control segment or index at most. */
export const signatureMembersMax: number = 16;
const signatureTarBytesMax = 2 ** 20;
const signatureTarBytesUsual = 4 * 1024;

/** A package or an index without its signatures. */
export interface Unsigned {
  readonly signatures: readonly ApkSignature[];
  /** The bytes behind the signature members, as they were: of an index all that is signed, of a package control and data. */
  readonly rest: Uint8Array;
}

/**
 * Takes the signature members off the front of an index or a package at hand, to verify them or to sign it anew.
 * Throws `APK_INVALID` for strange signatures or more than 16 members of them, and what gzip and tar do.
 */
export async function splitSignatures(bytes: Uint8Array): Promise<Unsigned> {
  const signatures: ApkSignature[] = [];
  let rest = bytes;
  for (let count = 0; count <= signatureMembersMax; count++) {
    const found = await signaturesAt(rest);
    if (found === undefined) return { signatures, rest };
    signatures.push(...found.signatures);
    rest = rest.subarray(found.sizeBytes);
  }
  throw apkInvalid('too many signatures');
}

interface Found {
  readonly signatures: readonly ApkSignature[];
  readonly sizeBytes: number;
}

/** Of a member, the compressed bytes that say the name of its first entry when it is a plain file's. */
const startBytes = 1024;

/** Whether a member begins with a plain file that is no signature: that it need not be unpacked to be told. */
function isOther(bytes: Uint8Array): boolean {
  const header = memberStart(bytes, startBytes);
  const isFile = header.length >= 512 && header[156] === '0'.charCodeAt(0);
  return isFile && !Buffer.from(header.subarray(0, 6)).equals(Buffer.from('.SIGN.'));
}

async function signaturesAt(bytes: Uint8Array): Promise<Found | undefined> {
  if (bytes.length > startBytes && isOther(bytes)) return undefined;
  try {
    const { content, compressed } = firstMember(bytes, {
      outputBytesMax: signatureTarBytesMax,
      usualBytes: signatureTarBytesUsual,
    });
    const signatures = await parseSignatures(content);
    return signatures === undefined ? undefined : { signatures, sizeBytes: compressed.length };
  } catch (error) {
    // What is larger than any signature segment is none.
    if (error instanceof KilnError && error.code === 'GZIP_TOO_LARGE') return undefined;
    throw error;
  }
}
