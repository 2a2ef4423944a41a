import { digestOf } from '@kiln/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTarget } from './target.ts';

const digest = digestOf('x');

describe('a path of the distribution API', () => {
  it('is read from its end, because names may contain its words', () => {
    expect(parseTarget(`/v2/blobs/uploads/blobs/${digest}`)).toEqual({
      kind: 'blob',
      repository: 'blobs/uploads',
      digest,
    });
    expect(parseTarget('/v2/manifests/tags/manifests/latest')).toEqual({
      kind: 'manifest',
      repository: 'manifests/tags',
      reference: { kind: 'tag', tag: 'latest' },
    });
    expect(parseTarget('/v2/a/tags/list/tags/list')).toEqual({
      kind: 'tags',
      repository: 'a/tags/list',
    });
    expect(parseTarget('/v2/a/b/blobs/uploads/')).toEqual({ kind: 'uploads', repository: 'a/b' });
    expect(parseTarget('/v2/a/b/blobs/uploads/abc')).toEqual({
      kind: 'upload',
      repository: 'a/b',
      id: 'abc',
    });
  });

  it('may have its digest percent-encoded', () => {
    expect(parseTarget(`/v2/a/referrers/${digest.replace(':', '%3A')}`)).toEqual({
      kind: 'referrers',
      repository: 'a',
      digest,
    });
  });

  it('names the base with and without a slash', () => {
    expect(parseTarget('/v2')).toEqual({ kind: 'base' });
    expect(parseTarget('/v2/')).toEqual({ kind: 'base' });
  });

  it('is refused when its names are not names', () => {
    for (const name of [
      'A',
      'a//b',
      'a/',
      '.a',
      'a/../b',
      'a%2fb',
      'a_-b',
      'ü',
      `a${'b'.repeat(255)}`,
    ]) {
      expect(() => parseTarget(`/v2/${name}/tags/list`)).toThrow(
        expect.objectContaining({ code: 'REGISTRY_NAME_INVALID' }),
      );
    }
    const sha512 = `sha512:${'0a'.repeat(64)}`;
    expect(parseTarget(`/v2/a/blobs/${sha512}`)).toMatchObject({ digest: sha512 });
    for (const bad of [
      'sha256:baddigeststring',
      `sha384:${'0'.repeat(96)}`,
      'sha512:abc',
      'sha256:',
      `sha256:${'A'.repeat(64)}`,
    ]) {
      expect(() => parseTarget(`/v2/a/manifests/${bad}`)).toThrow(
        expect.objectContaining({ code: 'REGISTRY_DIGEST_INVALID' }),
      );
    }
  });

  it('names nothing with what cannot be a tag', () => {
    for (const text of ['.x', '-x', 'a b', `${'a'.repeat(129)}`]) {
      expect(parseTarget(`/v2/a/manifests/${encodeURIComponent(text)}`)).toEqual({
        kind: 'manifest',
        repository: 'a',
        reference: { kind: 'nothing', text },
      });
    }
  });

  it('is unknown when it is none of the API', () => {
    for (const path of [
      '/v1/',
      '/v2/a',
      '/v2/a/tags',
      '/v2/a/tags/other',
      '/v2/a/blob/x',
      '/v2/%zz/tags/list',
    ]) {
      expect(parseTarget(path)).toBeUndefined();
    }
  });

  it('never yields a repository that leads outside', () => {
    const segment = fc.constantFrom(
      'a',
      '..',
      '.',
      '',
      'blobs',
      'uploads',
      '%2e%2e',
      '%2f',
      'manifests',
      digest,
    );
    const property = fc.property(
      fc.array(fc.oneof(segment, fc.string()), { maxLength: 7 }),
      (segments) => {
        try {
          const target = parseTarget(`/v2/${segments.join('/')}`);
          return !/\.\.|^\/|\/$|[^a-z0-9._/-]/.test(
            target !== undefined && 'repository' in target ? target.repository : '',
          );
        } catch (error) {
          return error instanceof Error && error.name === 'KilnError';
        }
      },
    );
    expect(fc.check(property).failed).toBe(false);
  });
});
