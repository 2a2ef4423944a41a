import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { PackageSource } from '@kiln/apk';
import type { Digest } from '@kiln/base';
import type { BeforeData } from './require-file.ts';
import { requireDigest } from './seen-bytes.ts';

/** The file of a package, which is read and compared with its digest on the way. */
export class PackageFile implements PackageSource, Disposable {
  readonly sizeBytes: number;
  readonly #file: number;
  readonly #whole = createHash('sha256');
  readonly #beforeData: BeforeData | undefined;
  #left: number;

  /** `beforeData`: what is behind it is not hashed here, as its hash is in it. Throws what the system does. */
  constructor(path: string, beforeData: BeforeData | undefined) {
    this.#file = openSync(path, 'r');
    this.sizeBytes = fstatSync(this.#file).size;
    this.#beforeData = beforeData;
    this.#left = beforeData?.sizeBytes ?? Infinity;
  }

  read(into: Uint8Array, offset: number): number {
    let filled = 0;
    while (filled < into.length) {
      const count = readSync(this.#file, into, filled, into.length - filled, offset + filled);
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  seen(bytes: Uint8Array): void {
    if (this.#left === 0) return;
    const some = bytes.subarray(0, this.#left);
    this.#whole.update(some);
    this.#left -= some.length;
  }

  /** When all was seen and the data had their hash. Throws `APK_DIGEST_MISMATCH`. */
  require(apk: Digest): void {
    const found = this.#whole.digest('hex');
    if (this.#beforeData === undefined) requireDigest(apk, found);
    else if (this.#beforeData.sha256 !== found || this.#left > 0)
      requireDigest(apk, '0'.repeat(64));
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
