/** Above it a text is taken for a licence whose every sign it does not have. */
export const licenceShareMin = 0.9;

/** The parts of a licence's words that may differ: what is like it is found fast, and beyond the last is no likeness. */
const differingMax = [0.02, 0.1, 0.25];

/** Where the licence ends and advice to authors begins, which copies leave out. */
const ends = ['end of terms and conditions', 'appendix how to apply'];

/** Words in lower case with one blank between them and around, marks of comments and typography gone. */
export function wordsOf(text: string): string {
  return ` ${text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/<[^<>]{0,200}>/g, ' ')
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim()} `;
}

/**
 * How much of a licence's text is in a file, from 0 to 1: one less the words that have to be changed, added or left out, by
 * the number of the licence's words. Lines that claim copyright, titles and what stands before and behind do not count.
 */
export function licenceShare(text: string, licence: string): number {
  const known = bodyOf(licence);
  const words = wordsWithoutClaims(text);
  const start = startOf(words, known);
  if (start === undefined) return 0;
  for (const part of differingMax) {
    const max = Math.ceil(known.length * part);
    const window = words.slice(start, start + known.length + max);
    const distance = distanceWithin({ known, window, max });
    if (distance !== undefined) return 1 - distance / known.length;
  }
  return 0;
}

const claim = /^\W*(?:copyright\s*(?:\(c\)|©|\d|<|\[|by\b)|©|all rights reserved)/i;

function wordsWithoutClaims(text: string): readonly string[] {
  const lines = text.split('\n').filter((line) => !claim.test(line));
  return wordsOf(lines.join('\n')).trim().split(' ');
}

/** From the first paragraph that is more than a title to the licence's end. */
function bodyOf(licence: string): readonly string[] {
  const paragraphs = licence.split(/\n\s*\n/);
  const first = paragraphs.findIndex((one) => wordsWithoutClaims(one).length > 12);
  const words = wordsWithoutClaims(paragraphs.slice(Math.max(0, first)).join('\n\n'));
  const joined = ` ${words.join(' ')} `;
  const end = ends.map((one) => joined.indexOf(` ${one} `)).find((at) => at > 0);
  return end === undefined ? words : joined.slice(1, end).split(' ');
}

const anchorWords = 5;

/** Where in a text the licence would begin, by the first run of words that both have. */
function startOf(words: readonly string[], known: readonly string[]): number | undefined {
  const text = ` ${words.join(' ')} `;
  for (let index = 0; index + anchorWords <= known.length; index += 1) {
    const found = text.indexOf(` ${known.slice(index, index + anchorWords).join(' ')} `);
    if (found >= 0) return Math.max(0, text.slice(0, found).split(' ').length - 1 - index);
  }
  return undefined;
}

interface Compared {
  readonly known: readonly string[];
  /** What it may end before the end of. */
  readonly window: readonly string[];
  readonly max: number;
}

/** Levenshtein's distance in words, looked for no further than `max` from the diagonal; undefined when it is larger. */
function distanceWithin({ known, window, max }: Compared): number | undefined {
  const numbers = new Map<string, number>();
  const numbered = (words: readonly string[]): Int32Array =>
    Int32Array.from(words, (word) => {
      const number = numbers.get(word) ?? numbers.size;
      numbers.set(word, number);
      return number;
    });
  const rows = numbered(known);
  const columns = numbered(window);
  const far = max + 1;
  let above = Int32Array.from({ length: columns.length + 1 }, (_, column) => column);
  for (let row = 1; row <= rows.length; row += 1) {
    const current = new Int32Array(columns.length + 1).fill(far);
    if (row <= max) current[0] = row;
    const end = Math.min(columns.length, row + max);
    for (let column = Math.max(1, row - max); column <= end; column += 1) {
      const changed = rows[row - 1] === columns[column - 1] ? 0 : 1;
      current[column] = Math.min(
        (above[column - 1] ?? far) + changed,
        (above[column] ?? far) + 1,
        (current[column - 1] ?? far) + 1,
      );
    }
    above = current;
  }
  const distance = above.reduce((least, one) => Math.min(least, one), far);
  return distance > max ? undefined : distance;
}
