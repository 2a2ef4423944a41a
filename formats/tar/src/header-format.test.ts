import { describe, expect, it } from 'vitest';
import { printHeader, printHeaderAs } from './header.ts';
import { headerFormat } from './header-format.ts';
import type { HeaderFormat } from './header-format.ts';
import { fileEntry } from './make.ts';
import { placedEntries } from './read.ts';

const long = 'n'.repeat(101);
const parted = `${'d'.repeat(60)}/${'n'.repeat(60)}`;

function as(format: HeaderFormat, ...file: Parameters<typeof fileEntry>): Uint8Array {
  const header = printHeaderAs(format, fileEntry(...file));
  if (header === undefined) throw new Error('not held');
  return header;
}

/** What was written of one member, read again. */
function read(headers: Uint8Array): unknown {
  return [...placedEntries(headers)].map(({ entry }) => entry);
}

describe('headers', () => {
  it.each<[HeaderFormat, ...Parameters<typeof fileEntry>]>([
    ['ustar', 'a', 0],
    ['ustar', parted, 0],
    ['pax', parted, 0, { pax: new Map([['comment', Buffer.from('x')]]) }],
    ['pax', 'a', 0, { uid: 2 ** 31 }],
    ['gnu', 'a', 0],
    ['gnu', 'é', 0, { uid: 2 ** 31, mtimeSeconds: -2 }],
    ['gnu', long, 0],
    ['gnu', `${'d'.repeat(99)}/n`, 0],
  ])('as %s of %s say what the entry says', (format, ...file) => {
    const headers = as(format, ...file);
    expect(read(headers)).toEqual([fileEntry(...file)]);
    expect(headerFormat(headers)).toBe(format);
  });

  it('do not hold everything', () => {
    expect(printHeaderAs('ustar', fileEntry(long, 0))).toBeUndefined();
    expect(printHeaderAs('ustar', fileEntry('a', 0, { mtimeSeconds: -1 }))).toBeUndefined();
    const pax = new Map([['comment', Buffer.from('x')]]);
    expect(printHeaderAs('gnu', fileEntry('a', 0, { pax }))).toBeUndefined();
  });

  it('of pax have a long path in records', () => {
    expect(as('ustar', parted, 0)).toHaveLength(512);
    expect(as('pax', parted, 0)).toHaveLength(1536);
  });

  it('of records are named with single slashes', () => {
    const pax = new Map([['comment', Buffer.from('x')]]);
    const name = Buffer.from(as('pax', 'a.Q1//b', 0, { pax })).toString('latin1', 0, 22);
    expect(name).toBe('a.Q1/PaxHeaders.0/b\0\0\0');
  });

  it('that keep to no format have none', () => {
    const old = Buffer.from(printHeader(fileEntry('a', 0))).fill(0, 257, 500);
    const spaced = Buffer.from(printHeader(fileEntry('a', 0)));
    spaced[135] = 0x20;
    const mixed = Buffer.concat([as('pax', long, 0).subarray(0, 1024), as('gnu', 'a', 0)]);
    for (const headers of [old, spaced, mixed]) expect(headerFormat(headers)).toBeUndefined();
  });

  it('of another member before do not count', () => {
    const before = as('gnu', long, 0);
    expect(headerFormat(Buffer.concat([before, as('ustar', 'a', 0)]))).toBe('ustar');
  });
});
