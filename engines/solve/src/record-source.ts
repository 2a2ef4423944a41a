import { PackedIndex } from '@kiln/apk';
import type { IndexRecord, UnusualProvide } from '@kiln/apk';
import { assert } from '@kiln/base';
import { splitAtom } from './atom.ts';
import type { SolverDialect } from './atom.ts';
import type { RepositoryIndex } from './types.ts';

/** What the solver asks of the records of one index, which are numbered from 0 in their order. */
export interface RecordSource {
  readonly length: number;
  record(number: number): IndexRecord;
  named(name: string): readonly number[];
  /** The records that provide a name, in their order, except where a provide is unusual. */
  providing(name: string): readonly number[];
  readonly unusualProvides: readonly UnusualProvide[];
  /** The records with an `install_if` list. */
  readonly conditional: readonly number[];
}

/** The records of an index, ready to be asked. */
export function recordSource(records: RepositoryIndex['records']): RecordSource {
  return records instanceof PackedIndex ? records : new RecordList(records);
}

/** A list of records with maps of its names. */
class RecordList implements RecordSource {
  readonly #records: readonly IndexRecord[];
  readonly #named = new Map<string, number[]>();
  readonly #provided = new Map<string, number[]>();
  readonly unusualProvides: UnusualProvide[] = [];
  readonly conditional: number[] = [];

  constructor(records: readonly IndexRecord[]) {
    this.#records = records;
    for (const [number, record] of records.entries()) {
      append(this.#named, record.name, number);
      for (const provide of record.provides) {
        const name = /^([^@=><~]+)(?:=[^@=><~]+)?$/.exec(provide)?.[1];
        if (name === undefined) this.unusualProvides.push({ record: number, text: provide });
        else append(this.#provided, name, number);
      }
      if (record.installIf.length > 0) this.conditional.push(number);
    }
  }

  get length(): number {
    return this.#records.length;
  }

  record(number: number): IndexRecord {
    const record = this.#records[number];
    assert(record !== undefined, 'a list has the records that it names');
    return record;
  }

  named(name: string): readonly number[] {
    return this.#named.get(name) ?? [];
  }

  providing(name: string): readonly number[] {
    return this.#provided.get(name) ?? [];
  }
}

/** The records whose unusual provides have a name, by that name. */
export function unusualNames(
  { unusualProvides }: RecordSource,
  dialect: SolverDialect,
): ReadonlyMap<string, readonly number[]> {
  const byName = new Map<string, number[]>();
  for (const { record, text } of unusualProvides)
    append(byName, splitAtom(text, dialect).name, record);
  return byName;
}

function append(map: Map<string, number[]>, name: string, number: number): void {
  const list = map.get(name);
  if (list === undefined) map.set(name, [number]);
  else list.push(number);
}
