/** One of the two texts of a difference. */
export interface DiffSide {
  readonly name: string;
  /** Without their ends. */
  readonly lines: readonly string[];
}

const contextLines = 3;

type Change = readonly ['-' | '+' | ' ', string];

/**
 * The difference of two short texts in unified form, with three lines of context; "" where they are equal. It is a shortest
 * one; of several, removals come first. Time and memory grow with the product of the lengths.
 */
export function unifiedDiff(before: DiffSide, after: DiffSide): string {
  const changes = changesOf(before.lines, after.lines);
  const marked = changes.flatMap(([kind], at) => (kind === ' ' ? [] : [at]));
  if (marked.length === 0) return '';
  const head = [`diff ${before.name} ${after.name}`, `--- ${before.name}`, `+++ ${after.name}`];
  const hunks = groups(marked).map(([first, last]) =>
    hunk(
      changes,
      Math.max(0, first - contextLines),
      Math.min(changes.length, last + contextLines + 1),
    ),
  );
  return [...head, ...hunks.flat()].map((line) => `${line}\n`).join('');
}

/** First and last changes of each hunk: those whose contexts touch are in one. */
function groups(marked: readonly number[]): readonly (readonly [number, number])[] {
  const result: [number, number][] = [];
  for (const at of marked) {
    const open = result.at(-1);
    if (open !== undefined && at - open[1] <= 2 * contextLines) open[1] = at;
    else result.push([at, at]);
  }
  return result;
}

function hunk(changes: readonly Change[], start: number, end: number): readonly string[] {
  const part = changes.slice(start, end);
  const count = (list: readonly Change[], other: '-' | '+'): number =>
    list.filter(([kind]) => kind !== other).length;
  const place = (other: '-' | '+'): string => {
    const size = count(part, other);
    const skipped = count(changes.slice(0, start), other);
    return `${size === 0 ? skipped : skipped + 1},${size}`;
  };
  const lines = part.map(([kind, line]) => kind + line);
  return [`@@ -${place('+')} +${place('-')} @@`, ...lines];
}

function changesOf(a: readonly string[], b: readonly string[]): readonly Change[] {
  const lengths = commonLengths(a, b);
  const changes: Change[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      changes.push([' ', left]);
      i++;
      j++;
    } else if (
      left !== undefined &&
      (right === undefined || at(lengths, i + 1, j) >= at(lengths, i, j + 1))
    ) {
      changes.push(['-', left]);
      i++;
    } else if (right !== undefined) {
      changes.push(['+', right]);
      j++;
    }
  }
  return changes;
}

/** How many lines the rests of both have in common, by where the rests begin. */
function commonLengths(a: readonly string[], b: readonly string[]): readonly Uint32Array[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = lengths[i];
      if (row === undefined) continue;
      row[j] =
        a[i] === b[j]
          ? at(lengths, i + 1, j + 1) + 1
          : Math.max(at(lengths, i + 1, j), at(lengths, i, j + 1));
    }
  }
  return lengths;
}

function at(lengths: readonly Uint32Array[], i: number, j: number): number {
  return lengths[i]?.[j] ?? 0;
}
