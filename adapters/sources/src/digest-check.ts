import { createHash } from 'node:crypto';
import { KilnError, shorten, withoutUserInfo } from '@kiln/base';
import type { SourceRequest } from '@kiln/build';

export const mismatch = 'SOURCE_DIGEST_MISMATCH';

/** What bytes must be; without a digest they may be any. */
export type CheckedSource = Pick<SourceRequest, 'uri'> & Partial<Pick<SourceRequest, 'digest'>>;

/** Lets bytes through and fails at their end when they are not the ones asked for, so that nothing is stored. */
export class DigestCheck {
  readonly #request: CheckedSource;
  readonly #bytesMax: number;

  constructor(request: CheckedSource, bytesMax: number) {
    this.#request = request;
    this.#bytesMax = bytesMax;
  }

  /** Throws `SOURCE_DIGEST_MISMATCH` naming both digests, `SOURCE_UNAVAILABLE` above the limit. */
  async *through(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { uri, digest } = this.#request;
    const hash = createHash(digest?.algorithm ?? 'sha256');
    let size = 0;
    for await (const chunk of content) {
      size += chunk.length;
      if (size > this.#bytesMax) throw tooLarge(uri, this.#bytesMax);
      hash.update(chunk);
      yield chunk;
    }
    const found = hash.digest('hex');
    if (digest === undefined || found === digest.hex) return;
    throw new KilnError(
      mismatch,
      `${shorten(withoutUserInfo(uri), 200)} has ${digest.algorithm} ${found}, not ${shorten(digest.hex, 128)}`,
      {
        hint: 'compare with the digest upstream publishes; a changed archive may be an attack',
        details: { expected: digest.hex, found, algorithm: digest.algorithm },
      },
    );
  }
}

function tooLarge(uri: string, limit: number): KilnError {
  return new KilnError(
    'SOURCE_UNAVAILABLE',
    `${shorten(withoutUserInfo(uri), 200)} is larger than ${limit} bytes`,
  );
}
