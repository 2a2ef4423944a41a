import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest, Random } from '@kiln/base';
import { assert, isDigest, systemRandom } from '@kiln/base';

/** Which blob has which other digest. A hint: what it says is verified by nobody but the store that names blobs. */
export interface DigestIndex {
  get(sha512Hex: string): Promise<Digest | undefined>;
  set(sha512Hex: string, blob: Digest): Promise<void>;
}

/** One small file a digest; visible whole or not at all. */
export class FsDigestIndex implements DigestIndex {
  readonly #directory: string;
  readonly #random: Random;

  constructor(options: { readonly directory: string; readonly random?: Random }) {
    this.#directory = options.directory;
    this.#random = options.random ?? systemRandom;
  }

  async get(sha512Hex: string): Promise<Digest | undefined> {
    try {
      const text = await readFile(this.#path(sha512Hex), 'utf8');
      return isDigest(text) ? text : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async set(sha512Hex: string, blob: Digest): Promise<void> {
    const path = this.#path(sha512Hex);
    await mkdir(this.#directory, { recursive: true });
    const temporary = `${path}.${this.#random.id()}`;
    await writeFile(temporary, blob);
    await rename(temporary, path);
  }

  #path(sha512Hex: string): string {
    assert(/^[0-9a-f]{128}$/.test(sha512Hex), 'a SHA-512 has 128 hexadecimal digits');
    return join(this.#directory, sha512Hex);
  }
}
