import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerRange, matchesEtag } from './http-conditions.ts';

const blob = { etag: '"sha256:abc"', sizeBytes: 2048 };
const whole = { status: 200, range: { start: 0, end: 2048 } };

it('is answered with nothing of another content than the request names', () => {
  expect(answerRange({ ifMatch: '"sha256:old"', range: 'bytes=500-' }, blob)).toEqual({
    status: 412,
  });
  expect(answerRange({ ifMatch: '"sha256:old"', ifNoneMatch: '*' }, blob)).toEqual({ status: 412 });
  for (const ifMatch of ['*', '"sha256:old", "sha256:abc"'])
    expect(answerRange({ ifMatch }, blob)).toEqual(whole);
});

describe('a ranged request', () => {
  it('is answered with the part it asks for', () => {
    const part = (range: string): unknown => answerRange({ range }, blob);
    const partial = (start: number, end: number): unknown => ({
      status: 206,
      range: { start, end },
      contentRange: `bytes ${start}-${end - 1}/2048`,
    });
    expect(part('bytes=500-1499')).toEqual(partial(500, 1500));
    expect(part('bytes=500-')).toEqual(partial(500, 2048));
    expect(part('bytes=-500')).toEqual(partial(1548, 2048));
    expect(part('bytes=-5000')).toEqual(partial(0, 2048));
    expect(part('bytes=2000-5000')).toEqual(partial(2000, 2048));
    expect(part('bytes=0-0')).toEqual(partial(0, 1));
  });

  it('outside the blob cannot be satisfied', () => {
    const unsatisfiable = { status: 416, contentRange: 'bytes */2048' };
    for (const range of ['bytes=500-0', 'bytes=5000-10000', 'bytes=2048-', 'bytes=-0']) {
      expect(answerRange({ range }, blob)).toEqual(unsatisfiable);
    }
    expect(answerRange({ range: 'bytes=0-' }, { ...blob, sizeBytes: 0 })).toEqual({
      status: 416,
      contentRange: 'bytes */0',
    });
  });

  it('in another unit, malformed, or of several ranges gets the whole', () => {
    for (const range of [
      'lines=1-2',
      'bytes=-',
      'bytes=a-b',
      'bytes=0-1,5-6',
      '',
      `bytes=${'9'.repeat(40)}-`,
    ]) {
      expect(answerRange({ range }, blob)).toEqual(whole);
    }
  });

  it('gets the whole when If-Range names another content', () => {
    expect(answerRange({ range: 'bytes=1-2', ifRange: '"other"' }, blob)).toEqual(whole);
    expect(answerRange({ range: 'bytes=1-2', ifRange: blob.etag }, blob).status).toBe(206);
    expect(answerRange({ range: 'bytes=1-2', ifRange: `W/${blob.etag}` }, blob)).toEqual(whole);
  });

  it('is not modified when the client has the content', () => {
    expect(answerRange({ ifNoneMatch: `"x", W/${blob.etag}`, range: 'bytes=0-1' }, blob)).toEqual({
      status: 304,
    });
    expect(answerRange({ ifNoneMatch: '"x"' }, blob)).toEqual(whole);
    expect(matchesEtag('*', blob.etag)).toBe(true);
  });

  it('never selects anything outside the blob, whatever the header says', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.nat(), fc.nat(5000), (text, first, last, sizeBytes) => {
        for (const range of [
          text,
          `bytes=${text}`,
          `bytes=${first}-${last}`,
          `bytes=-${last}`,
          `bytes=${first}-`,
        ]) {
          const answer = answerRange({ range }, { etag: '"e"', sizeBytes });
          if (answer.status !== 200 && answer.status !== 206) continue;
          expect(answer.range.start).toBeGreaterThanOrEqual(0);
          expect(answer.range.end).toBeLessThanOrEqual(sizeBytes);
          expect(answer.range.start).toBeLessThanOrEqual(answer.range.end);
        }
      }),
    );
  });
});
