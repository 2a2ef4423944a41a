import { compareBytes, sortUnique } from '@kiln/base';

/** An entry of a package as two builds are compared by it. */
export interface ComparedEntry {
  readonly path: string;
  /** Everything but the content, in the order of `facts` of the report. */
  readonly facts: Readonly<Record<string, string | number>>;
  /** SHA-256 of the content, or the target of a link; "" for what has none. */
  readonly content: string;
  /** The content, read again; only asked for where it differs, and at most `contentBytesMax` of it. */
  read(): Promise<Uint8Array>;
}

/**
 * How an entry differs: only in one of the builds, in a fact such as its mode, or in its content: by times, by the order
 * of the same lines or bytes, by names of the build's place, or in a way that looks random.
 */
export type DifferenceKind = 'presence' | 'fact' | 'time' | 'order' | 'path' | 'randomness';

export interface EntryDifference {
  readonly path: string;
  readonly kind: DifferenceKind;
  readonly detail: string;
}

/** What is known of two builds, to recognise it in what they made. */
export interface BuildTraces {
  /** Names of the place of either build: folders of the host, host names, users, locales, zones. */
  readonly places: readonly string[];
}

/** Bytes of a content that are looked at to say how it differs. */
export const contentBytesMax: number = 16 * 1024 * 1024;

/** The entries in which two builds differ, by path. Equal builds give none. */
export async function compareEntries(
  first: readonly ComparedEntry[],
  second: readonly ComparedEntry[],
  traces: BuildTraces,
): Promise<readonly EntryDifference[]> {
  const [before, after] = [byPath(first), byPath(second)];
  const differences: EntryDifference[] = [];
  for (const path of sortUnique([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(path), after.get(path)];
    if (a === undefined || b === undefined) {
      const detail = `only in the ${a === undefined ? 'second' : 'first'} build`;
      differences.push({ path, kind: 'presence', detail });
      continue;
    }
    differences.push(...factDifferences(a, b));
    if (a.content !== b.content) differences.push(await contentDifference(a, b, traces));
  }
  return differences;
}

function byPath(entries: readonly ComparedEntry[]): ReadonlyMap<string, ComparedEntry> {
  return new Map(entries.map((entry) => [entry.path, entry]));
}

function factDifferences(a: ComparedEntry, b: ComparedEntry): readonly EntryDifference[] {
  return sortUnique([...Object.keys(a.facts), ...Object.keys(b.facts)])
    .filter((name) => a.facts[name] !== b.facts[name])
    .map((name) => ({
      path: a.path,
      kind: name === 'mtime' ? 'time' : 'fact',
      detail: `${name}: ${a.facts[name] ?? 'none'} and ${b.facts[name] ?? 'none'}`,
    }));
}

async function contentDifference(
  a: ComparedEntry,
  b: ComparedEntry,
  traces: BuildTraces,
): Promise<EntryDifference> {
  const [first, second] = [await a.read(), await b.read()];
  const at = firstDifference(first, second);
  const where = `at byte ${at} of ${first.length} and ${second.length}`;
  return { path: a.path, kind: kindOf(first, second, traces), detail: where };
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return at;
  return length;
}

function kindOf(a: Uint8Array, b: Uint8Array, { places }: BuildTraces): DifferenceKind {
  // Latin 1 keeps every byte as one character.
  const [first, second] = [a, b].map((bytes) => Buffer.from(bytes).toString('latin1')) as [
    string,
    string,
  ];
  if (withoutTimes(first) === withoutTimes(second)) return 'time';
  if (withoutPlaces(first, places) === withoutPlaces(second, places)) return 'path';
  if (sortedLines(first) === sortedLines(second) || sortedBytes(a).equals(sortedBytes(b)))
    return 'order';
  const both = (text: string): string => withoutTimes(withoutPlaces(text, places));
  return both(first) === both(second) ? 'path' : 'randomness';
}

/** Dates, times of day and seconds since 1970, in the notations that tools write. */
const times =
  /(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d (?:[AP]M )?(?:[A-Z]{3,5}|[+-]\d\d(?::?\d\d)?) \d{4}|\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? +(?:\d{1,2} +)?[A-Z][a-z]{2} +\d{1,2}[ ,]|[A-Z][a-z]{2} +\d{1,2},? +\d{4}|\d{1,2} [A-Z][a-z]{2} \d{4}|\d\d:\d\d(?::\d\d)?(?:\.\d+)?|\b1[6-9]\d{8}(?:\d{3}){0,3}\b/g;

function withoutTimes(text: string): string {
  return text.replaceAll(times, '<time>');
}

function withoutPlaces(text: string, places: readonly string[]): string {
  return [...places]
    .filter((place) => place.length > 2)
    .sort((a, b) => b.length - a.length || compareBytes(a, b))
    .reduce((rest, place) => rest.replaceAll(place, '<place>'), text);
}

function sortedLines(text: string): string {
  return text.split('\n').sort(compareBytes).join('\n');
}

function sortedBytes(bytes: Uint8Array): Buffer {
  return Buffer.from(Uint8Array.from(bytes).sort());
}
