import { digestOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { SigningLedger } from './signer.ts';

/** A ledger in memory, for tests and one-off signing. */
export class MemoryLedger implements SigningLedger {
  readonly #controls = new Set<Digest>();
  readonly #indexes = new Set<Digest>();
  readonly #statements = new Map<Digest, Uint8Array>();

  recordControl(digest: Digest): void {
    this.#controls.add(digest);
  }

  recordIndex(digest: Digest): void {
    this.#indexes.add(digest);
  }

  recordStatement(bytes: Uint8Array): Digest {
    const digest = digestOf(bytes);
    this.#statements.set(digest, bytes);
    return digest;
  }

  isRecordedControl(digest: Digest): Promise<boolean> {
    return Promise.resolve(this.#controls.has(digest));
  }

  isRecordedIndex(digest: Digest): Promise<boolean> {
    return Promise.resolve(this.#indexes.has(digest));
  }

  recordedStatement(digest: Digest): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#statements.get(digest));
  }

  recordedStatements(
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, () => Promise<Uint8Array>>> {
    const recorded = digests.flatMap((digest) => {
      const bytes = this.#statements.get(digest);
      return bytes === undefined ? [] : [[digest, () => Promise.resolve(bytes)] as const];
    });
    return Promise.resolve(new Map(recorded));
  }
}
