import fs from 'node:fs';
import path from 'node:path';
import { hexOf, systemRandom, type Digest, type Random } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { NetworkRecord, NetworkRecords } from '@kiln/build';
import { printNetworkRecord, readNetworkRecord } from './record-file.ts';

/** Records of builds by action digest, each a file that appears whole. One that cannot be read is as good as none. */
export class RecordFolder implements NetworkRecords {
  readonly #folder: string;
  readonly #blobs: BlobStore;
  readonly #random: Random;

  constructor(folder: string, blobs: BlobStore, random: Random = systemRandom) {
    this.#folder = folder;
    this.#blobs = blobs;
    this.#random = random;
  }

  get(action: Digest): Promise<NetworkRecord | undefined> {
    return readNetworkRecord(this.#path(action), this.#blobs);
  }

  async put(action: Digest, record: NetworkRecord): Promise<void> {
    fs.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const file = this.#path(action);
    const temporary = `${file}.${this.#random.id(8)}`;
    fs.writeFileSync(temporary, await printNetworkRecord(record, this.#blobs), { flag: 'wx' });
    fs.renameSync(temporary, file);
  }

  #path(action: Digest): string {
    return path.join(this.#folder, `${hexOf(action)}.json`);
  }
}
