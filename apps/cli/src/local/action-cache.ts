import fs from 'node:fs';
import path from 'node:path';
import { replaceFile } from '@kiln/apk-files';
import { collect, digestOf, hexOf, isDigest, systemRandom, type Digest } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { EmittedPackage } from '@kiln/build';

const version = 1;
const recordBytesMax = 16 * 1024 * 1024;
const controlBytesMax = 64 * 1024 * 1024;
const tooLong = (): Error => new Error('assertion failed: a control segment of more than 64 MiB');

type CachedPackage = Omit<EmittedPackage, 'control'>;

interface CachedAction {
  readonly version: number;
  readonly packages: readonly CachedPackage[];
}

/**
 * Results of builds by their action digest: a small record each, whose segments are in a blob store. The folder may be
 * shared, by processes and by machines: records appear whole, and one that cannot be used is as good as none.
 */
export class ActionCache {
  readonly #folder: string;
  readonly #blobs: BlobStore;

  constructor(folder: string, blobs: BlobStore) {
    this.#folder = folder;
    this.#blobs = blobs;
  }

  /** The packages of an action whose segments are all there; undefined otherwise. */
  async get(action: Digest): Promise<readonly EmittedPackage[] | undefined> {
    const record = this.#read(action);
    if (record === undefined) return undefined;
    const packages: EmittedPackage[] = [];
    for (const one of record.packages) {
      const stored =
        (await this.#blobs.stat(one.controlDigest)) && (await this.#blobs.stat(one.data.digest));
      if (stored === undefined) return undefined;
      const control = await collect(this.#blobs.read(one.controlDigest), controlBytesMax, tooLong);
      if (digestOf(control) !== one.controlDigest) return undefined;
      packages.push({ ...one, control });
    }
    return packages;
  }

  async put(action: Digest, packages: readonly EmittedPackage[]): Promise<void> {
    const record: CachedAction = {
      version,
      packages: packages.map(({ control: _control, ...one }) => one),
    };
    fs.mkdirSync(this.#folder, { recursive: true });
    await replaceFile(this.#path(action), [Buffer.from(JSON.stringify(record))], systemRandom);
  }

  #read(action: Digest): CachedAction | undefined {
    try {
      const file = this.#path(action);
      if (fs.statSync(file).size > recordBytesMax) return undefined;
      const record = JSON.parse(fs.readFileSync(file, 'utf8')) as CachedAction;
      const usable =
        record.version === version &&
        record.packages.every(
          ({ controlDigest, data }) => isDigest(controlDigest) && isDigest(data.digest),
        );
      return usable ? record : undefined;
    } catch {
      // Not there, or not ours to understand: the build runs.
      return undefined;
    }
  }

  #path(action: Digest): string {
    return path.join(this.#folder, `${hexOf(action)}.json`);
  }
}
