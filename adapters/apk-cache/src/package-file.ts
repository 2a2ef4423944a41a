import { createHash, hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { PackageSource } from '@kiln/apk';
import { filled } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { BeforeData } from './require-file.ts';
import { requireDigest } from './seen-bytes.ts';

/** The file of a package, which is read and compared with its digest on the way. */
export class PackageFile implements PackageSource, Disposable {
  readonly sizeBytes: number;
  readonly #file: number;
  readonly #whole = createHash('sha256');
  readonly #beforeData: BeforeData | undefined;
  #isBefore = false;
  #isKnown = false;

  /** Of a file that begins with `beforeData` what is behind it is not hashed here, as its hash is in it. Throws what the system does. */
  constructor(path: string, beforeData: BeforeData | undefined) {
    this.#file = openSync(path, 'r');
    this.sizeBytes = fstatSync(this.#file).size;
    this.#beforeData = beforeData;
  }

  read(into: Uint8Array, offset: number): number {
    return filled(into, (rest, at) => readSync(this.#file, rest, 0, rest.length, offset + at));
  }

  /** First what is before the data. */
  seen(bytes: Uint8Array): void {
    if (!this.#isBefore) {
      this.#isBefore = true;
      const { sizeBytes, sha256 } = this.#beforeData ?? {};
      this.#isKnown = sizeBytes === bytes.length && sha256 === hash('sha256', bytes);
    }
    if (!this.#isKnown) this.#whole.update(bytes);
  }

  /** When all was seen and the data had their hash. Throws `APK_DIGEST_MISMATCH`. */
  require(apk: Digest): void {
    if (!this.#isKnown) requireDigest(apk, this.#whole.digest('hex'));
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
