import type { IndexRecord } from './package-info.ts';

/**
 * The records of an index and those that join it: one of the same name and version takes the other's place, any other
 * goes to the end. Of two that join with one name and version the later one stays. The brackets that melange writes
 * around install-if lists are taken off: printing them again would put another pair around them.
 */
export function mergeRecords(
  present: Iterable<IndexRecord>,
  joining: readonly IndexRecord[],
): IndexRecord[] {
  const merged = new Map(
    Array.from(present, (record) => [identityOf(record), withoutBrackets(record)]),
  );
  for (const record of joining) merged.set(identityOf(record), record);
  return [...merged.values()];
}

/** Neither part has white space in it. */
function identityOf({ name, version }: IndexRecord): string {
  return `${name} ${version}`;
}

function withoutBrackets(record: IndexRecord): IndexRecord {
  const inner = /^\[(.*)\]$/.exec(record.installIf.join(' '))?.[1];
  if (inner === undefined) return record;
  return { ...record, installIf: inner.split(' ').filter((part) => part !== '') };
}
