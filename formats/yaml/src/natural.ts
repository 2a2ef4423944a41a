/**
 * The order in which Go's yaml.v3 prints the keys of a map: letters by their code, runs of digits by the number they are,
 * and what is neither before letters (after them where a number just ended).
 */
export function compareNatural(left: string, right: string): number {
  const [a, b] = [Array.from(left), Array.from(right)];
  let digits = false;
  for (let at = 0; at < a.length && at < b.length; at++) {
    const [x, y] = [a[at] ?? '', b[at] ?? ''];
    if (x === y) digits = isDigit(x);
    else return compareAt({ a, b, at, digits });
  }
  return a.length - b.length;
}

interface Difference {
  readonly a: readonly string[];
  readonly b: readonly string[];
  readonly at: number;
  /** Whether the equal part before ends with a digit. */
  readonly digits: boolean;
}

function compareAt({ a, b, at, digits }: Difference): number {
  const [x, y] = [a[at] ?? '', b[at] ?? ''];
  const [xLetter, yLetter] = [isLetter(x), isLetter(y)];
  if (xLetter && yLetter) return codeOf(x) - codeOf(y);
  if (xLetter || yLetter) return (digits ? xLetter : yLetter) ? -1 : 1;
  const [first, second] = [digitsAt(a, at), digitsAt(b, at)];
  // A zero counts where digits other than zero stand before it.
  const lead = (x === '0' || y === '0') && nonZeroBefore(a, at) ? '1' : '';
  const byNumber = compareNumbers(lead + first, lead + second);
  return byNumber || first.length - second.length || codeOf(x) - codeOf(y);
}

function digitsAt(characters: readonly string[], at: number): string {
  let end = at;
  while (end < characters.length && isDigit(characters[end] ?? '')) end += 1;
  return characters.slice(at, end).join('');
}

function nonZeroBefore(characters: readonly string[], at: number): boolean {
  for (let i = at - 1; i >= 0 && isDigit(characters[i] ?? ''); i--)
    if (characters[i] !== '0') return true;
  return false;
}

/** As yaml.v3 counts: from the largest number of 64 bits on to the smallest. */
function compareNumbers(a: string, b: string): number {
  const [x, y] = [BigInt.asIntN(64, BigInt(`0${a}`)), BigInt.asIntN(64, BigInt(`0${b}`))];
  return x < y ? -1 : x > y ? 1 : 0;
}

function isLetter(character: string): boolean {
  return /^\p{L}$/u.test(character);
}

function isDigit(character: string): boolean {
  return /^\d$/.test(character);
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}
