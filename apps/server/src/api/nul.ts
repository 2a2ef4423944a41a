import { Readable } from 'node:stream';

/** Whether a text in what a schema let pass has a NUL, which the database cannot take. A body that is still to be read has none. */
export function holdsNul(value: unknown): boolean {
  // Not by recursion: JSON may be deeper than the stack.
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === 'string' && next.includes('\0')) return true;
    if (typeof next !== 'object' || next === null || next instanceof Readable) continue;
    for (const inside of Object.values(next)) left.push(inside);
  }
  return false;
}
