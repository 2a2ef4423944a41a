import { emptyRecord } from '@kiln/apk';
import { emptyImageConfig } from '@kiln/image-config';
import { describe, expect, test } from 'vitest';
import { imageWorld, lockImages, prepareIndexes, solveImage, solveImages } from './index.ts';
import type { ArchIndexes, ImageLockRequest, SolverDialect } from './index.ts';

const request = (packages: readonly string[]): ImageLockRequest => ({
  config: { ...emptyImageConfig, contents: { ...emptyImageConfig.contents, packages } },
});

/** `name=version`, or `name=version:provided`. */
function archOf(arch: string, ...packages: readonly string[]): ArchIndexes {
  return archIn('apko', arch, packages);
}

function archIn(dialect: SolverDialect, arch: string, packages: readonly string[]): ArchIndexes {
  const records = packages.map((text) => {
    const [, name = '', version = '', provides = ''] = /^(.*?)=(.*?)(?::(.*))?$/.exec(text) ?? [];
    return { ...emptyRecord, name, version, provides: provides === '' ? [] : [provides] };
  });
  return { arch, prepared: prepareIndexes([{ repository: 'r', tag: '', records }], dialect) };
}

const names = (packages: readonly { readonly record: { readonly name: string } }[]): string[] =>
  packages.map(({ record }) => record.name);

describe('the world of an image', () => {
  test('is sorted, with what was appended, and with the supervisor of a service bundle', () => {
    const { config } = request(['b', 'a']);
    const bundle = { ...config, entrypoint: { ...config.entrypoint, type: 'service-bundle' } };
    expect(imageWorld({ config: bundle, appendedPackages: ['c'] }, ['base=1'])).toEqual([
      'a',
      'b',
      'base=1',
      'c',
      's6',
    ]);
  });
});

describe('locking an image', () => {
  test('takes what every architecture has', () => {
    const archs = [archOf('amd64', 'a=1-r0', 'a=2-r0'), archOf('arm64', 'a=1-r0')];
    expect(lockImages(request(['a']), archs)).toMatchObject([
      { arch: 'amd64', world: ['a=1-r0'], packages: [{ record: { name: 'a', version: '1-r0' } }] },
      { arch: 'arm64', world: ['a=1-r0'] },
    ]);
  });

  test('an architecture by itself takes the best that it has', () => {
    const [first] = [archOf('amd64', 'a=1-r0', 'a=2-r0')];
    expect(solveImage(['a'], first).map(({ record }) => record.version)).toEqual(['2-r0']);
  });

  /** What is said of a world that has no answer. */
  function refusal(asked: ImageLockRequest, dialect: 'kiln' | 'apko'): unknown {
    const records = [
      { ...emptyRecord, name: 'a', version: '1-r0', depends: ['!b'] },
      { ...emptyRecord, name: 'b', version: '1-r0' },
    ];
    const prepared = prepareIndexes([{ repository: 'r', tag: '', records }], dialect);
    try {
      return solveImages(asked, [{ arch: 'amd64', prepared }]);
    } catch (error) {
      return error;
    }
  }

  test.each([
    [['none'], 'check the name, or add a repository that has it'],
    [['a>1'], 'ask for a version that there is, or add a repository that has it'],
    [
      ['a', 'b'],
      'leave out one of those that do not go together, or ask for another version of it',
    ],
    [
      ['a@edge'],
      'add a repository as "@TAG ADDRESS", and ask with @TAG for what is to come from there',
    ],
  ])('the hint for %j fits the cause', (world, hint) => {
    expect(refusal(request(world), 'kiln')).toMatchObject({ code: 'IMAGE_LOCK_UNSOLVED', hint });
  });

  test('in dialect apko there is one hint, and nobody is named', () => {
    expect(refusal(request(['a', 'b']), 'apko')).toMatchObject({
      message: expect.stringMatching(/excluded by !b$/),
      hint: 'check the name, or add a repository that has it',
    });
  });

  test('who asks for a supervisor that is not there is said', () => {
    const { config } = request(['a']);
    const bundle = { ...config, entrypoint: { ...config.entrypoint, type: 'service-bundle' } };
    const said =
      'for arch "amd64": entrypoint.type "service-bundle" asks for s6: solving "s6" constraint: nothing provides "s6"';
    expect(refusal({ config: bundle }, 'kiln')).toMatchObject({ message: said });
    expect(refusal({ config: bundle }, 'apko')).toMatchObject({
      message: 'for arch "amd64": solving "s6" constraint: nothing provides "s6"',
    });
  });

  test('says which architecture has no answer', () => {
    const archs = [archOf('amd64', 'a=1-r0'), archOf('arm64')];
    expect(() => solveImages(request(['a']), archs)).toThrow(
      expect.objectContaining({
        code: 'IMAGE_LOCK_UNSOLVED',
        message: expect.stringMatching(/^for arch "amd64": .*not available for arch "arm64"/s),
      }),
    );
  });

  test('names may be provided by different packages, as long as they are provided everywhere', () => {
    const archs = [
      archOf('amd64', 'both=1:virtual', 'only=1'),
      archOf('arm64', 'both=1:virtual', 'only=1'),
    ];
    expect(lockImages(request(['virtual']), archs).map(({ world }) => world)).toEqual([
      ['both=1'],
      ['both=1'],
    ]);
  });

  test('to apko names may also be provided by what only one architecture gets, all of them by the same one', () => {
    const archs = (dialect: SolverDialect): readonly ArchIndexes[] => [
      archIn(dialect, 'amd64', ['x=1:v=9', 'v=1', 'y=1', 'w=1']),
      archIn(dialect, 'arm64', ['x=1', 'v=1', 'y=1:w=9', 'w=1']),
    ];
    expect(lockImages(request(['v']), archs('apko'))).toMatchObject([
      { arch: 'amd64', world: ['x=1'] },
      { arch: 'arm64', world: ['v=1'] },
    ]);
    const refused = expect.objectContaining({ code: 'IMAGE_LOCK_INCONSISTENT' });
    expect(() => lockImages(request(['v', 'w']), archs('apko'))).toThrow(refused);
    expect(() => lockImages(request(['v']), archs('kiln'))).toThrow(refused);
  });

  test('what is refused need not be there; to apko it is a name that nothing has', () => {
    const archs = (dialect: SolverDialect): readonly ArchIndexes[] =>
      ['amd64', 'arm64'].map((arch) => archIn(dialect, arch, ['a=1', 'b=1']));
    for (const refused of ['!b', '!nowhere'])
      expect(lockImages(request(['a', refused]), archs('kiln'))).toMatchObject([
        { arch: 'amd64', world: ['a=1'] },
        { arch: 'arm64', world: ['a=1'] },
      ]);
    expect(() => lockImages(request(['a', 'b', '!b']), archs('kiln'))).toThrow(
      expect.objectContaining({ code: 'IMAGE_LOCK_UNSOLVED' }),
    );
    expect(() => lockImages(request(['a', '!b']), archs('apko'))).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^IMAGE_LOCK_/) }),
    );
  });

  test('an image that lists no packages has no architectures, whatever else is asked for', () => {
    const archs = [archOf('amd64', 'a=1-r0')];
    expect(lockImages({ ...request([]), appendedPackages: ['a'] }, archs)).toEqual([]);
  });

  test('each architecture may have a base image of its own', () => {
    const archs = [{ ...archOf('amd64', 'a=1-r0', 'b=1-r0'), basePackages: ['b=1-r0'] }];
    expect(names(solveImages(request(['a']), archs).get('amd64') ?? [])).toEqual(['a', 'b']);
  });
});
