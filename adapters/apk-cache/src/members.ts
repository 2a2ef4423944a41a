import type { DataMember } from '@kiln/assemble';
import { bufferOf } from '@kiln/base';
import type { TarEntry } from '@kiln/tar';
import { partsIn } from './part-sums.ts';

/** Where the content of a file is. */
export interface ContentPlace {
  /** In the archive. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** CRC-32 of each part of the content, as layers cut it: see `contentParts`. */
  readonly sums: readonly number[];
}

/** A member of an expanded package. */
export interface CachedMember extends DataMember, Pick<ContentPlace, 'offset'> {}

/** What is kept of members: as few values as can be, since images have hundreds of thousands of files. */
export interface StoredMembers {
  /** Of each its path, the target of a link, and the values of its PAX records, a character for each of their bytes. */
  readonly text: string;
  /** `width` for each member, in the order of `Row`. Those of an archive of more than 2 GiB need twice the memory. */
  readonly numbers: Int32Array | Float64Array;
  /** What many members have in common. */
  readonly facts: readonly StoredFacts[];
  /** See `ContentPlace`; none where there is no archive. */
  readonly sums: Uint32Array;
}

export type StoredFacts = readonly [
  type: TarEntry['type'],
  hasSlash: 0 | 1,
  mode: number,
  uid: number,
  gid: number,
  userName: string,
  groupName: string,
  deviceMajor: number,
  deviceMinor: number,
  ...pax: (readonly [key: string, valueLength: number])[],
];

const paxAt = 9;
const width = 8;

/** Numbers of a member; where its text and its sums begin, and which facts it has. */
interface Row {
  readonly textAt: number;
  readonly pathLength: number;
  readonly targetLength: number;
  readonly facts: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly offset: number;
  readonly sumsAt: number;
}

/** The members of a package in little memory: each is put together when it is asked for. */
export class Members implements Iterable<CachedMember> {
  readonly length: number;
  readonly stored: StoredMembers;

  constructor(stored: StoredMembers) {
    this.length = stored.numbers.length / width;
    this.stored = stored;
  }

  at(index: number): CachedMember | undefined {
    if (index < 0 || index >= this.length) return undefined;
    const row = this.#row(index);
    return { index, entry: this.#entry(row), offset: row.offset };
  }

  /** Undefined for what is no file. */
  content(index: number): ContentPlace | undefined {
    if (index < 0 || index >= this.length) return undefined;
    const row = this.#row(index);
    if (this.stored.facts[row.facts]?.[0] !== 'file') return undefined;
    const { offset, sizeBytes, sumsAt } = row;
    const sums = Array.from(this.stored.sums.subarray(sumsAt, sumsAt + partsIn(sizeBytes)));
    return { offset, sizeBytes, sums };
  }

  *[Symbol.iterator](): Generator<CachedMember> {
    for (let index = 0; index < this.length; index += 1) {
      const member = this.at(index);
      if (member !== undefined) yield member;
    }
  }

  #row(index: number): Row {
    const { numbers } = this.stored;
    const at = index * width;
    return {
      textAt: numbers[at] ?? 0,
      pathLength: numbers[at + 1] ?? 0,
      targetLength: numbers[at + 2] ?? 0,
      facts: numbers[at + 3] ?? 0,
      sizeBytes: numbers[at + 4] ?? 0,
      mtimeSeconds: numbers[at + 5] ?? 0,
      offset: numbers[at + 6] ?? 0,
      sumsAt: numbers[at + 7] ?? 0,
    };
  }

  #entry({ textAt, pathLength, targetLength, facts, sizeBytes, mtimeSeconds }: Row): TarEntry {
    const { text } = this.stored;
    const common = this.stored.facts[facts];
    if (common === undefined) throw new Error('assertion failed: a member has no facts');
    let at = textAt;
    const next = (length: number): string => {
      at += length;
      return text.slice(at - length, at);
    };
    const path = next(pathLength);
    const linkTarget = next(targetLength);
    const pax = new Map<string, Uint8Array>();
    for (let i = paxAt; i < common.length; i += 1) {
      const [key, length] = common[i] as readonly [string, number];
      pax.set(key, Buffer.from(next(length), 'latin1'));
    }
    return {
      path,
      ...(common[1] === 1 ? { hasSlash: true as const } : {}),
      type: common[0],
      mode: common[2],
      uid: common[3],
      gid: common[4],
      userName: common[5],
      groupName: common[6],
      sizeBytes,
      mtimeSeconds,
      linkTarget,
      deviceMajor: common[7],
      deviceMinor: common[8],
      pax,
    };
  }
}

/** Takes members down as a package is read. */
export class MemberWriter {
  readonly #texts: string[] = [];
  #textLength = 0;
  readonly #numbers: number[] = [];
  readonly #facts: StoredFacts[] = [];
  readonly #factsByText = new Map<string, number>();
  readonly #sums: number[] = [];
  #last: readonly number[] = [];

  /** The number of the member. `sums` need not be complete before the next one is added. */
  add(entry: TarEntry, { offset, sums }: Pick<ContentPlace, 'offset' | 'sums'>): number {
    this.#endLast();
    const { path, linkTarget, sizeBytes, mtimeSeconds } = entry;
    this.#numbers.push(this.#textLength, path.length, linkTarget.length);
    this.#numbers.push(this.#numberOf(factsOf(entry)), sizeBytes, mtimeSeconds);
    this.#numbers.push(offset, this.#sums.length);
    this.#last = sums;
    for (const text of [path, linkTarget, ...[...entry.pax.values()].map(latin1)]) {
      this.#texts.push(text);
      this.#textLength += text.length;
    }
    return this.#numbers.length / width - 1;
  }

  members(): Members {
    this.#endLast();
    const text = this.#texts.join('');
    const numbers = packed(this.#numbers);
    return new Members({ text, numbers, facts: this.#facts, sums: new Uint32Array(this.#sums) });
  }

  #endLast(): void {
    for (const sum of this.#last) this.#sums.push(sum);
    this.#last = [];
  }

  #numberOf(facts: StoredFacts): number {
    const text = JSON.stringify(facts);
    const known = this.#factsByText.get(text);
    if (known !== undefined) return known;
    const number = this.#facts.push(facts) - 1;
    this.#factsByText.set(text, number);
    return number;
  }
}

function packed(numbers: readonly number[]): Int32Array | Float64Array {
  const areSmall = numbers.every((one) => (one | 0) === one);
  return areSmall ? new Int32Array(numbers) : new Float64Array(numbers);
}

function factsOf(entry: TarEntry): StoredFacts {
  return [
    entry.type,
    entry.hasSlash === true ? 1 : 0,
    entry.mode,
    entry.uid,
    entry.gid,
    entry.userName,
    entry.groupName,
    entry.deviceMajor,
    entry.deviceMinor,
    ...[...entry.pax].map(([key, value]) => [key, value.length] as const),
  ];
}

const latin1 = (bytes: Uint8Array): string => bufferOf(bytes).toString('latin1');
