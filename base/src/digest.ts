import { createHash } from 'node:crypto';
import { KilnError, shorten } from './errors.ts';

/** `sha256:` and 64 lower-case hexadecimal digits, as in the OCI image specification. */
export type Digest = `sha256:${string}`;

/** The digest of these bytes. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The digest with this hexadecimal text. Throws `DIGEST_INVALID`. */
export function digestFromHex(hex: string): Digest {
  return parseDigest(`sha256:${hex}`);
}

export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** Throws `DIGEST_INVALID`. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw new KilnError('DIGEST_INVALID', `not a sha256 digest: "${shorten(text)}"`);
  }
  return text;
}

/** The 64 hexadecimal digits. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** JSON with keys sorted bytewise at every level and no white space; `undefined` members are left out. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(
          Object.entries(member as Record<string, unknown>).sort(([a], [b]) =>
            Buffer.compare(Buffer.from(a), Buffer.from(b)),
          ),
        )
      : member,
  );
}

/** The digest of a value's canonical JSON: the name of an action. */
export function digestOfValue(value: unknown): Digest {
  return digestOf(canonicalJson(value));
}
