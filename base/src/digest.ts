import { createHash } from 'node:crypto';
import { compareBytes } from './bytes.ts';
import { KilnError, shorten } from './errors.ts';

/** `sha256:` and 64 lower-case hexadecimal digits, as in the OCI image specification. */
export type Digest = `sha256:${string}`;

/** `sha512:` and 128 lower-case hexadecimal digits: another name that the OCI specifications have for content. */
export type Sha512Digest = `sha512:${string}`;

/** A digest of either registered algorithm. */
export type OciDigest = Digest | Sha512Digest;

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

export function isSha512Digest(text: string): text is Sha512Digest {
  return /^sha512:[0-9a-f]{128}$/.test(text);
}

/** The SHA-512 of these bytes. */
export function sha512Of(bytes: Uint8Array | string): Sha512Digest {
  return `sha512:${createHash('sha512').update(bytes).digest('hex')}`;
}

/** Throws `DIGEST_INVALID`. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw new KilnError('DIGEST_INVALID', `not a sha256 digest: "${shorten(text)}"`, {
      hint: 'a digest is sha256: and 64 hexadecimal digits in lower case',
    });
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
      ? inOrder(member as Readonly<Record<string, unknown>>)
      : member,
  );
}

/** The members in the order of their names; the same object when they are in order. */
function inOrder(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const names = Object.keys(members);
  if (names.every((name, at) => at === 0 || compareBytes(names[at - 1] ?? '', name) < 0))
    return members;
  return Object.fromEntries(names.sort(compareBytes).map((name) => [name, members[name]]));
}

/** The digest of a value's canonical JSON: the name of an action. */
export function digestOfValue(value: unknown): Digest {
  return digestOf(canonicalJson(value));
}
