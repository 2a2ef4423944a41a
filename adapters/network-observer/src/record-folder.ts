import fs from 'node:fs';
import path from 'node:path';
import { canonicalJson, hexOf, systemRandom, type Digest, type Random } from '@kiln/base';
import { parseNetworkRecord, type NetworkRecord, type NetworkRecords } from '@kiln/build';

const recordBytesMax = 256 * 1024 * 1024;

/** Records of builds by action digest, each a file that appears whole. One that cannot be read is as good as none. */
export class RecordFolder implements NetworkRecords {
  readonly #folder: string;
  readonly #random: Random;

  constructor(folder: string, random: Random = systemRandom) {
    this.#folder = folder;
    this.#random = random;
  }

  get(action: Digest): NetworkRecord | undefined {
    return readNetworkRecord(this.#path(action));
  }

  put(action: Digest, record: NetworkRecord): void {
    fs.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const file = this.#path(action);
    const temporary = `${file}.${this.#random.id(8)}`;
    fs.writeFileSync(temporary, printNetworkRecord(record), { flag: 'wx' });
    fs.renameSync(temporary, file);
  }

  #path(action: Digest): string {
    return path.join(this.#folder, `${hexOf(action)}.json`);
  }
}

export function printNetworkRecord(record: NetworkRecord): string {
  return `${canonicalJson(record)}\n`;
}

/** Undefined: the file is not there, or is no record. */
export function readNetworkRecord(file: string): NetworkRecord | undefined {
  try {
    if (fs.statSync(file).size > recordBytesMax) return undefined;
    return parseNetworkRecord(JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch {
    // Not there, or not JSON.
    return undefined;
  }
}
