import { describe, expect, it } from 'vitest';
import { parseIndex, printIndex } from './index-text.ts';
import { mergeRecords } from './index-merge.ts';
import type { IndexRecord } from './package-info.ts';

const record = (name: string, version: string, description = ''): IndexRecord => {
  const [made] = parseIndex(`C:Q1brEjeVlBjfv7yi1RFT5LpQQ2Or4=\nP:${name}\nV:${version}\n`);
  if (made === undefined) throw new Error('no record');
  return { ...made, description };
};

const shown = (records: readonly IndexRecord[]): string[] =>
  records.map(({ name, version, description }) => `${name}-${version} ${description}`.trim());

describe('merging records', () => {
  it('replaces the same name and version in its place and appends the rest', () => {
    const present = [record('b', '1-r0', 'old'), record('a', '1-r0')];
    const joining = [record('c', '1-r0'), record('b', '1-r0', 'new'), record('b', '1-r1')];
    expect(shown(mergeRecords(present, joining))).toEqual([
      'b-1-r0 new',
      'a-1-r0',
      'c-1-r0',
      'b-1-r1',
    ]);
  });

  it('keeps the later of two that join', () => {
    const joining = [record('a', '1-r0', 'first'), record('a', '1-r0', 'second')];
    expect(shown(mergeRecords([], joining))).toEqual(['a-1-r0 second']);
  });
});

describe('melange’s dialect', () => {
  const text = 'C:Q1brEjeVlBjfv7yi1RFT5LpQQ2Or4=\nP:a\nV:1-r0\nT:\nt:0\ni:[b c=1]\n\n';

  it('comes out of a merge as it went in, a time of 0 and brackets included', () => {
    expect(printIndex(mergeRecords(parseIndex(text), []), { dialect: 'melange' })).toBe(text);
  });

  it('is put right where another dialect is asked for', () => {
    expect(printIndex(mergeRecords(parseIndex(text), []))).toBe(
      text.replace('t:0\n', '').replace('[b c=1]', 'b c=1'),
    );
  });
});
