import { Readable } from 'node:stream';

/** Whether a text in what a schema let pass has a NUL, which the database cannot take. A body that is still to be read has none. */
export function holdsNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0');
  if (typeof value !== 'object' || value === null || value instanceof Readable) return false;
  return Object.values(value).some(holdsNul);
}
