import { bufferOf, canonicalJson } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { printBundle } from './bundle.ts';
import { INTOTO_PAYLOAD_TYPE } from './dsse.ts';
import { statementAbout } from './statement.ts';

/*
 * A statement in parts: the head of its frame, the parts of the predicate's JSON, the tail. Base64 writes three bytes as
 * four characters, so that where every part but the last has a multiple of three bytes, the base64 of the whole is that of
 * the parts joined: what is the same in many statements is encoded once, and so is the bundle around it. JSON takes blanks
 * between its tokens, which is what parts are filled up with; other than in them, a statement made so is the one
 * that `printStatement` prints, if the predicate's parts are canonical.
 */

/** What stands before and after parts. */
export interface Frame {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/** JSON text that ends between two tokens, with blanks up to a multiple of three bytes. */
export function alignedPart(json: Uint8Array | string): Uint8Array {
  const bytes = typeof json === 'string' ? Buffer.from(json) : json;
  const missing = (3 - (bytes.length % 3)) % 3;
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing, ' ')]);
}

/** What stands around the predicate in a statement about one manifest. The head is aligned; the tail is the last part. */
export function statementFrame(
  subject: { readonly name: string; readonly digest: Digest },
  predicateType: string,
): Frame {
  const text = canonicalJson(statementAbout(subject, predicateType, {}));
  const predicate = '"predicate":{}';
  const at = text.indexOf(predicate) + predicate.length - 2;
  return { head: alignedPart(text.slice(0, at)), tail: Buffer.from(text.slice(at + 2)) };
}

/** The base64 of an aligned part, or of the last one, as the characters that stand in a bundle. */
export function base64Part(part: Uint8Array): Uint8Array {
  return Buffer.from(bufferOf(part).toString('base64'), 'latin1');
}

/** What stands around the base64 of a statement in its bundle, as `printBundle` prints it. */
export function bundleFrame(signature: Uint8Array, keyHint: string): Frame {
  const envelope = {
    payload: new Uint8Array(),
    payloadType: INTOTO_PAYLOAD_TYPE,
    signatures: [{ signature, keyId: '' }],
  };
  const text = Buffer.from(printBundle({ envelope, keyHint })).toString();
  const payload = '"payload":"';
  const at = text.indexOf(payload) + payload.length;
  return { head: Buffer.from(text.slice(0, at)), tail: Buffer.from(text.slice(at)) };
}
