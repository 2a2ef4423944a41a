import { isUtf8 } from 'node:buffer';
import { bufferOf } from '@kiln/base';
import { indexInvalid } from './errors.ts';
import type { RecordFields } from './index-fields.ts';
import { letters } from './index-letters.ts';
import { scanIndex } from './index-scan.ts';
import type { UnusualProvide } from './index-scan.ts';
import { NameTable } from './name-table.ts';
import type { IndexRecord } from './package-info.ts';

/**
 * The records of an index as the bytes they were read from, and where in them the names are. Reading takes one pass, in which every
 * record is checked; a record becomes an object when it is asked for, so an index of which a solve looks at little costs little.
 * Records are numbered from 0 in the order of the index. Nothing in it ever changes.
 */
export class PackedIndex implements Iterable<IndexRecord> {
  readonly #fields: RecordFields;
  readonly #starts: readonly number[];
  readonly #names: NameTable;
  readonly #provided: NameTable;
  readonly unusualProvides: readonly UnusualProvide[];
  /** The records with an `install_if` list. */
  readonly conditional: readonly number[];

  /**
   * Reads the text of `APKINDEX`, which is not copied. Records without a name and, by the format's rule for newer features, those
   * with an unknown upper-case field are dropped; unknown lower-case fields are skipped. Lines are at most 1 MiB.
   * Throws `APK_INDEX_INVALID`, for a line with its number.
   */
  constructor(text: Uint8Array) {
    if (!isUtf8(text)) throw indexInvalid('index is not UTF-8');
    const bytes = bufferOf(text);
    const scan = scanIndex(bytes);
    this.#fields = scan.fields;
    this.#starts = scan.starts;
    this.#names = new NameTable(bytes, scan.names);
    this.#provided = new NameTable(bytes, scan.provided);
    this.unusualProvides = scan.unusual;
    this.conditional = scan.conditional;
  }

  get length(): number {
    return this.#starts.length;
  }

  /** Made anew each time. */
  record(number: number): IndexRecord {
    const fields = this.#fields;
    fields.read(this.#starts[number] ?? 0);
    return {
      checksum: fields.text(letters.checksum),
      name: fields.text(letters.name),
      version: fields.text(letters.version),
      arch: fields.text(letters.arch),
      sizeBytes: Number(fields.text(letters.sizeBytes)),
      installedSizeBytes: Number(fields.text(letters.installedSizeBytes)),
      description: fields.text(letters.description),
      url: fields.text(letters.url),
      license: fields.text(letters.license),
      origin: fields.text(letters.origin),
      maintainer: fields.text(letters.maintainer),
      buildTimeSeconds: Number(fields.text(letters.buildTimeSeconds)),
      commit: fields.text(letters.commit),
      depends: listOf(fields.text(letters.depends)),
      provides: listOf(fields.text(letters.provides)),
      installIf: listOf(fields.text(letters.installIf)),
      providerPriority:
        fields.start(letters.providerPriority) < 0
          ? undefined
          : Number(fields.text(letters.providerPriority)),
    };
  }

  /** The records of this name. */
  named(name: string): readonly number[] {
    return this.#names.owners(name);
  }

  /** The records that provide this name, without what `unusualProvides` lists; a record comes as often as it says so. */
  providing(name: string): readonly number[] {
    return this.#provided.owners(name);
  }

  *[Symbol.iterator](): Generator<IndexRecord> {
    for (let number = 0; number < this.length; number += 1) yield this.record(number);
  }
}

const none: readonly string[] = [];

function listOf(text: string): readonly string[] {
  if (text === '') return none;
  const parts = text.split(' ');
  return parts.includes('') ? parts.filter((part) => part !== '') : parts;
}
