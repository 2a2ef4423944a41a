import { readFileSync } from 'node:fs';
import type { IndexRecord } from '@kiln/apk';
import { KilnError, compareBytes } from '@kiln/base';
import { describe, expect, test } from 'vitest';
import { emptyImageConfig } from '@kiln/image-config';
import { lockGuest, prepareIndexes, solve } from './index.ts';
import type { PreparedIndexes, RepositoryIndex, SolverDialect } from './index.ts';

interface World {
  readonly id: number;
  readonly repositories: readonly string[];
  readonly world: readonly string[];
  readonly solved?: readonly string[];
  readonly error?: string;
  readonly variants?: readonly unknown[];
  readonly second?: 'same' | readonly string[];
  readonly secondError?: string;
  readonly secondVariants?: readonly unknown[];
}

const read = (name: string): string =>
  readFileSync(new URL(`../testdata/${name}`, import.meta.url), 'utf8');

function records(name: string): IndexRecord[] {
  return read(`${name}.APKINDEX`)
    .split('\n\n')
    .filter((text) => text.includes('P:'))
    .map((text) => {
      const fields = new Map(text.split('\n').map((line) => [line.slice(0, 1), line.slice(2)]));
      const list = (letter: string): string[] =>
        (fields.get(letter) ?? '').split(' ').filter((item) => item !== '');
      const priority = fields.get('k');
      return {
        checksum: fields.get('C') ?? '',
        name: fields.get('P') ?? '',
        version: fields.get('V') ?? '',
        arch: fields.get('A') ?? '',
        sizeBytes: 0,
        installedSizeBytes: 0,
        description: '',
        url: '',
        license: '',
        origin: fields.get('o') ?? '',
        maintainer: '',
        buildTimeSeconds: 0,
        commit: '',
        depends: list('D'),
        provides: list('p'),
        installIf: list('i'),
        providerPriority: priority === undefined ? undefined : Number(priority),
      };
    });
}

const repositories = new Map(
  ['one', 'two', 'tagged'].map((name) => [`./repos/${name}`, records(name)]),
);
const worlds = read('worlds.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as World);

function indexesOf(world: Pick<World, 'repositories'>): RepositoryIndex[] {
  return world.repositories.map((text) => {
    const [, tag = '', repository = ''] = /^(?:@(\S+) )?(.*)$/.exec(text) ?? [];
    return { repository, tag, records: repositories.get(repository) ?? [] };
  });
}

function answer(
  world: World,
  entries: readonly string[],
  dialect: SolverDialect,
): string[] | 'refused' {
  const result = solve(prepared(world, dialect), entries.toSorted(compareBytes));
  if (result.kind === 'unsolved') return 'refused';
  return result.packages.map(({ record }) => `${record.name}=${record.version}`);
}

const indexes = new Map<string, PreparedIndexes>();

function prepared(world: World, dialect: SolverDialect): PreparedIndexes {
  const key = [dialect, ...world.repositories].join(' ');
  const known = indexes.get(key) ?? prepareIndexes(indexesOf(world), dialect);
  indexes.set(key, known);
  return known;
}

function guest(world: Pick<World, 'repositories' | 'world'>): string[] | 'refused' {
  const contents = { ...emptyImageConfig.contents, packages: world.world };
  const environment = { ...emptyImageConfig, contents };
  try {
    const lock = lockGuest({ environment, arch: 'x86_64' }, indexesOf(world), []);
    return lock.packages.map(({ name, version }) => `${name}=${version}`);
  } catch (error) {
    if (error instanceof KilnError && error.code === 'GUEST_UNSOLVED') return 'refused';
    throw error;
  }
}

/** The lock that apko makes of an answer: the versions, and the pins the user gave. */
function lockOf(world: World, solved: readonly string[]): string[] {
  const pins = new Map(
    world.world.map((text) => [
      text.split(/[@=<>~]/)[0],
      text.includes('@') ? `@${text.split('@')[1]}` : '',
    ]),
  );
  return solved.map((text) => `${text}${pins.get(text.split('=')[0]) ?? ''}`);
}

const accepted = (
  variants: readonly unknown[] | undefined,
  single: readonly string[] | 'refused',
): unknown[] =>
  variants?.map((variant) => (Array.isArray(variant) ? variant : 'refused')) ?? [single];

describe('recorded worlds', () => {
  test('every one of 240 worlds is answered as apko answers it', () => {
    const wrong = worlds.filter(
      (world) =>
        !contains(
          accepted(world.variants, world.solved ?? 'refused'),
          answer(world, [...new Set(world.world)], 'apko'),
        ),
    );
    expect(wrong).toEqual([]);
  });

  test('solving the lock again gives the order of an image build', () => {
    const wrong = worlds.filter(({ solved, second, secondError, secondVariants, ...world }) => {
      if (solved === undefined || (second ?? secondError ?? secondVariants) === undefined)
        return false;
      const single = second === 'same' ? solved : (second ?? 'refused');
      return !contains(
        accepted(secondVariants, single),
        answer(world, lockOf(world, solved), 'apko'),
      );
    });
    expect(wrong).toEqual([]);
  });

  test('a guest is locked to them and installs in that order', () => {
    const wrong = worlds.filter(({ solved, second, secondError, variants, ...world }) => {
      if (variants !== undefined) return false;
      const refused = solved === undefined || secondError !== undefined;
      const expected = refused ? 'refused' : second === 'same' ? solved : second;
      return JSON.stringify(expected) !== JSON.stringify(guest(world));
    });
    expect(wrong).toEqual([]);
  });

  test('the kiln dialect differs only where install_if packages or a contradiction are involved', () => {
    const conditional = new Set(
      [...repositories.values()]
        .flat()
        .flatMap((record) => (record.installIf.length > 0 ? [record.name] : [])),
    );
    const wrong = worlds.filter((world) => {
      const apko = answer(world, [...new Set(world.world)], 'apko');
      const kiln = answer(world, [...new Set(world.world)], 'kiln');
      if (kiln === 'refused' || JSON.stringify(apko) === JSON.stringify(kiln)) return false;
      return ![apko, kiln].flat().some((text) => conditional.has(text.split('=')[0] ?? ''));
    });
    expect(wrong).toEqual([]);
  });
});

function contains(variants: readonly unknown[], got: unknown): boolean {
  return variants.some((variant) => JSON.stringify(variant) === JSON.stringify(got));
}
