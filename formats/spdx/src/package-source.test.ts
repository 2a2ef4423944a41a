import { describe, expect, test } from 'vitest';
import { parseGitAddress } from './git-address.ts';
import { fetchSource, gitSource, recipePurl } from './package-source.ts';
import { apkPurl } from './purl.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';

const checkout = (repository: string, given: { tag?: string; commit?: string } = { commit }) =>
  gitSource({
    repository,
    branch: '',
    tag: given.tag ?? '',
    commit: given.commit ?? '',
    index: 0,
    licenseDeclared: 'MIT',
    dialect: 'melange',
  });

describe('package URLs', () => {
  test('keep what a path keeps, and encode the rest; qualifiers keep the colon alone', () => {
    const source = fetchSource({
      name: 'a/b c',
      version: "1+2:3=4'@5",
      index: 0,
      uri: "https://example.org/it's",
      checksums: [],
    });
    expect(source.purl).toBe(
      "pkg:generic/a%2Fb%20c@1%2B2:3=4'%405?download_url=https:%2F%2Fexample.org%2Fit%27s",
    );
  });

  test('have the segments of a namespace, and no empty ones', () => {
    expect(apkPurl({ namespace: 'a//b', name: 'c', version: '1-r0', arch: 'x86_64' })).toBe(
      'pkg:apk/a/b/c@1-r0?arch=x86_64&distro=a%2F%2Fb',
    );
  });

  test('of a recipe need a repository below the owner, and a path that does not turn back', () => {
    const recipe = {
      repositoryUrl: 'https://github.com/Team/Recipes',
      commit: 'c',
      file: './a.yaml',
    };
    expect(recipePurl(recipe)).toBe('pkg:github/team/recipes@c#./a.yaml');
    for (const wrong of [{ repositoryUrl: 'https://github.com/team/' }, { file: 'a/../b.yaml' }]) {
      expect(() => recipePurl({ ...recipe, ...wrong })).toThrow(
        expect.objectContaining({ code: 'SPDX_PURL_INVALID' }),
      );
    }
  });
});

describe('sources', () => {
  test('a file with two digests lists both; its package URL names the last', () => {
    const checksums = [
      { algorithm: 'sha256', hex: 'aa' },
      { algorithm: 'sha512', hex: 'bb' },
    ] as const;
    const source = fetchSource({ name: 'n', version: '1', index: 0, uri: 'u', checksums });
    expect(source).toMatchObject({ checksums });
    expect(source.purl).toBe('pkg:generic/n@1?checksum=sha512:bb&download_url=u');
  });

  test('a checkout from GitHub is supplied by the owner', () => {
    expect(checkout('https://github.com/Team/Thing.git')).toMatchObject({
      name: 'Thing',
      supplier: 'Team',
      purl: `pkg:github/team/thing@${commit}`,
    });
  });

  test('an address that Go does not read, or without a path, is refused', () => {
    for (const address of ['git@example.org:a/b', 'https://example.org', 'https://a b/c', '']) {
      expect(() => checkout(address)).toThrow(
        expect.objectContaining({ code: 'SPDX_PURL_INVALID' }),
      );
    }
  });

  test('hosts are compared as written', () => {
    expect(checkout('https://GitHub.com/a/b', { tag: 'v1' })?.purl).toBe(
      'pkg:generic/a%2Fb@v1?vcs_url=git%2Bhttps:%2F%2FGitHub.com%2Fa%2Fb',
    );
    expect(parseGitAddress('HTTPS://me@example.org:80/a%20b?c#d')).toEqual({
      scheme: 'https',
      host: 'example.org:80',
      path: '/a b',
    });
  });
});
