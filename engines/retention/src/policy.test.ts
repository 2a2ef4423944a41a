import { describe, expect, it } from 'vitest';
import { parseRetentionPolicy, printRetentionPolicy, retentionDefault } from './policy.ts';

const hourMs = 3_600_000;

describe('a retention policy', () => {
  it('is the default where nothing is said', () => {
    expect(parseRetentionPolicy('')).toEqual(retentionDefault);
    expect(parseRetentionPolicy('untagged=2d, blobs=36h')).toEqual({
      ...retentionDefault,
      untaggedMs: 48 * hourMs,
      blobsMs: 36 * hourMs,
    });
  });

  it('may keep generations for ever, and never sweep by itself', () => {
    expect(parseRetentionPolicy('generations=365d').generationsMs).toBe(365 * 24 * hourMs);
    const policy = parseRetentionPolicy('generations=forever,every=never');
    expect([policy.generationsMs, policy.everyMs]).toEqual([undefined, undefined]);
  });

  it('refuses other names and times, and what is too short to be safe', () => {
    for (const text of [
      'tags=1d',
      'toString=1d',
      'untagged',
      'untagged=',
      'untagged=1',
      'untagged=1h',
      'blobs=0d',
      'blobs=-5d',
      'blobs=forever',
      'untagged=never',
      'every=forever',
      'results=999999d',
      'results=1d=2d',
    ])
      expect(() => parseRetentionPolicy(text), text).toThrow(
        expect.objectContaining({ code: 'RETENTION_POLICY' }),
      );
  });
});

it.each(['', 'untagged=3d,results=36h', 'generations=365d,every=never', 'blobs=5h,every=2h'])(
  'what is printed of "%s" is read as it was',
  (text) => {
    const policy = parseRetentionPolicy(text);
    expect(parseRetentionPolicy(printRetentionPolicy(policy))).toEqual(policy);
  },
);

it('a policy is printed with all its times', () => {
  expect(printRetentionPolicy(parseRetentionPolicy('blobs=36h'))).toBe(
    'untagged=14d,results=30d,generations=forever,blobs=36h,every=1d',
  );
});
