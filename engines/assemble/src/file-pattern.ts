import { compareBytes } from '@kiln/base';
import type { FileTree } from './file-tree.ts';

/**
 * The paths that a pattern leads to, which has `*`, `?`, `[a-z]`, `[^a-z]`, and `\` before a character that means itself, in any of
 * its names; sorted, and none where the pattern is none. Whether something is at a last name that has none of these is not asked.
 */
export function matchingPaths(tree: FileTree, pattern: string): readonly string[] {
  if (pattern.endsWith('/') || !isPattern(pattern)) return [];
  let found: readonly string[] = [''];
  for (const name of pattern.split('/').filter((one) => one !== '')) {
    const parts = /[*?[\\]/.test(name) ? partsOf(name) : undefined;
    found = found.flatMap((directory) => {
      const node = tree.at(directory);
      if (node?.type !== 'directory') return [];
      if (parts === undefined) return [`${directory}/${name}`];
      const names = [...node.children.keys()].filter((one) => matches(one, parts));
      return names.sort(compareBytes).map((one) => `${directory}/${one}`);
    });
  }
  return found;
}

/** Whether every bracket is closed, and has something in it, and something follows every backslash. */
export function isPattern(pattern: string): boolean {
  return pattern.split('/').every((name) => partsOf(name) !== undefined);
}

type Accepts = (codePoint: number) => boolean;

/** What stands between the stars: each takes one character or not. */
type Parts = readonly (readonly Accepts[])[];

/** Each part at its first place is enough, but the last one, which is at the end: this takes no more time than the name is long. */
function matches(name: string, parts: Parts): boolean {
  const points = Array.from(name, (character) => character.codePointAt(0) ?? 0);
  const fits = (part: readonly Accepts[], at: number): boolean =>
    part.every((accepts, i) => at + i < points.length && accepts(points[at + i] ?? 0));
  let at = 0;
  for (const [i, part] of parts.entries()) {
    const isLast = i === parts.length - 1;
    const end = points.length - part.length;
    const isFixed = i === 0 || isLast;
    let place = isLast && i > 0 ? end : at;
    while (!isFixed && place < end && !fits(part, place)) place += 1;
    if (place < at || !fits(part, place)) return false;
    at = place + part.length;
  }
  return at === points.length || parts.length > 1;
}

const pieces =
  /(\*+)|(\?)|\[(\^?)((?:(?:\\[^]|[^\]\\-])(?:-(?:\\[^]|[^\]\\-]))?)+)\]|\\([^])|([^[\\*?])/uy;

/** Undefined for what is no pattern. */
function partsOf(name: string): Parts | undefined {
  const parts: Accepts[][] = [[]];
  pieces.lastIndex = 0;
  while (pieces.lastIndex < name.length) {
    const match = pieces.exec(name);
    if (match === null) return undefined;
    const [, stars, one, not, ranges, escaped, plain] = match;
    if (stars !== undefined) parts.push([]);
    else if (one !== undefined) parts.at(-1)?.push(() => true);
    else if (ranges !== undefined) parts.at(-1)?.push(classOf(ranges, not === ''));
    else parts.at(-1)?.push(classOf(`\\${escaped ?? plain}`, true));
  }
  return parts;
}

function classOf(text: string, isInside: boolean): Accepts {
  const ranges = [...text.matchAll(/\\?([^])(?:-\\?([^]))?/gu)].map(
    ([, first = '', last = first]) => ({
      first: first.codePointAt(0) ?? 0,
      last: last.codePointAt(0) ?? 0,
    }),
  );
  return (point) => ranges.some(({ first, last }) => first <= point && point <= last) === isInside;
}
