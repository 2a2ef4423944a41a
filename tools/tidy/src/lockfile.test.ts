import { describe, expect, test } from 'vitest';
import { readManifest, readText, workspaces } from './repository.ts';

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type Lock = Readonly<Record<string, Locked>>;

const lock = (JSON.parse(readText('package-lock.json')) as { readonly packages: Lock }).packages;

/** Where npm looks for a package that the package at `place` needs: beside it, then further up. */
function placeOf(packages: Lock, place: string, name: string): Locked | undefined {
  for (let folder = place; ; folder = folder.replace(/\/?(node_modules\/)?[^/]+$/, '')) {
    const found = packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`];
    if (found !== undefined || folder === '') return found;
  }
}

/** Optional packages that npm left out when it made the lockfile because it found none of that version. */
function leftOut(packages: Lock): readonly string[] {
  return Object.entries(packages).flatMap(([place, one]) =>
    Object.entries(one.optionalDependencies ?? {})
      .filter(([name, version]) => {
        const found = placeOf(packages, place, name)?.version;
        return found === undefined || (/^\d/.test(version) && found !== version);
      })
      .map(([name, version]) => `${place}: ${name}@${version}`),
  );
}

describe('the lockfile', () => {
  test('has every optional package that a locked one names, for every platform', () => {
    expect(leftOut(lock)).toEqual([]);
  });

  test('tells the checksum of everything that is downloaded', () => {
    const without = Object.entries(lock)
      .filter(([place, one]) => place.includes('node_modules/') && one.link !== true)
      .filter(([, one]) => one.integrity?.startsWith('sha512-') !== true)
      .map(([place]) => place);
    expect(without).toEqual([]);
  });

  test.each(workspaces().map((one) => one.folder))('agrees with %s/package.json', (folder) => {
    const { dependencies, devDependencies } = readManifest(`${folder}/package.json`);
    const locked = lock[folder];
    expect([locked?.dependencies, locked?.devDependencies]).toEqual([
      dependencies,
      devDependencies,
    ]);
  });

  test('a platform that is missing is noticed', () => {
    const packages: Lock = {
      'node_modules/a': { optionalDependencies: { 'a-linux': '1.0.0', 'a-mac': '1.0.0' } },
      'node_modules/a-linux': { version: '1.0.0' },
      'node_modules/a-mac': { version: '0.9.0' },
      'node_modules/b': { optionalDependencies: { 'b-linux': '1.0.0' } },
      'node_modules/b/node_modules/b-linux': { version: '1.0.0' },
      'apps/c/node_modules/d': { optionalDependencies: { 'd-linux': '1.0.0' } },
    };
    expect(leftOut(packages)).toEqual([
      'node_modules/a: a-mac@1.0.0',
      'apps/c/node_modules/d: d-linux@1.0.0',
    ]);
  });
});
