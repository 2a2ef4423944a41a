import { requireRecord } from './index-check.ts';
import { RecordFields } from './index-fields.ts';
import { letters } from './index-letters.ts';
import { NamePlaces, hashStart, hashStep } from './name-table.ts';

/** A provide that is more than `NAME` or `NAME=VERSION`: what its name is, is a matter of dialect. */
export interface UnusualProvide {
  readonly record: number;
  readonly text: string;
}

/** What is where in the text of an index. */
export interface IndexScan {
  readonly fields: RecordFields;
  /** The place of the first byte of each record. */
  readonly starts: number[];
  readonly names: NamePlaces;
  readonly provided: NamePlaces;
  readonly unusual: UnusualProvide[];
  readonly conditional: number[];
}

const byteOrderMark = Buffer.from('\uFEFF');

/**
 * Goes over the text of an index once and notes where its records and their names are. Throws `APK_INDEX_INVALID` for a line
 * that is no field and for a record that says what it cannot.
 */
export function scanIndex(bytes: Buffer): IndexScan {
  const scan: IndexScan = {
    fields: new RecordFields(bytes),
    starts: [],
    names: new NamePlaces(),
    provided: new NamePlaces(),
    unusual: [],
    conditional: [],
  };
  const { fields } = scan;
  const first = bytes.subarray(0, 3).equals(byteOrderMark) ? byteOrderMark.length : 0;
  for (let start = first; start < bytes.length;) {
    const next = fields.read(start);
    if (fields.isUsable) {
      if (!fields.isPlain) requireRecord((letter) => fields.text(letter));
      addRecord(scan, bytes, start);
    }
    start = next;
  }
  return scan;
}

function addRecord(scan: IndexScan, bytes: Buffer, start: number): void {
  const { fields } = scan;
  const record = scan.starts.length;
  scan.starts.push(start);
  const [from, to] = [fields.start(letters.name), fields.end(letters.name)];
  let hash = hashStart;
  for (let at = from; at < to; at += 1) hash = hashStep(hash, bytes[at] ?? 0);
  scan.names.add(hash, from, to, record);
  addProvides(scan, bytes, record);
  if (fields.start(letters.installIf) < fields.end(letters.installIf))
    scan.conditional.push(record);
}

const space = 32;
const equals = 61;
/** By byte: what neither a name nor a version has. */
const isOperator: readonly boolean[] = Array.from({ length: 256 }, (_, byte) =>
  '@<>~'.includes(String.fromCharCode(byte)),
);

function addProvides(scan: IndexScan, bytes: Buffer, record: number): void {
  const end = scan.fields.end(letters.provides);
  let start = scan.fields.start(letters.provides);
  while (start < end) {
    let hash = hashStart;
    let nameEnd = -1;
    let isUnusual = false;
    let at = start;
    for (; at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === space) break;
      if (isOperator[byte] === true || (byte === equals && nameEnd >= 0)) isUnusual = true;
      else if (byte === equals) nameEnd = at;
      else if (nameEnd < 0) hash = hashStep(hash, byte);
    }
    if (isUnusual || nameEnd === start || nameEnd === at - 1)
      scan.unusual.push({ record, text: bytes.toString('utf8', start, at) });
    else if (at > start) scan.provided.add(hash, start, nameEnd < 0 ? at : nameEnd, record);
    start = at + 1;
  }
}
