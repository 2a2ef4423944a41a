import { digestOf } from '@kiln/base';
import { describe, expect, it } from 'vitest';
import { generationReader } from './generations.ts';
import type { Generation } from './records.ts';

function generation(number: number): Generation {
  const file = `zlib-1.3-r${number}.apk`;
  return {
    repository: 'os',
    arch: 'x86_64',
    number,
    indexBlob: digestOf(`index ${number}`),
    unsigned: digestOf(`unsigned ${number}`),
    packages: [{ file, apk: digestOf(file), record: {} as never }],
    createdAt: number * 1000,
  };
}

const reader = generationReader({
  currentGeneration: async (repository) => (repository === 'os' ? generation(3) : undefined),
  generation: async (_repository, _arch, number) =>
    number >= 1 && number <= 3 ? generation(number) : undefined,
});

describe('a generation reader', () => {
  it('maps file names to blobs', async () => {
    const found = await reader.current('os', 'x86_64');
    expect(found?.number).toBe(3);
    expect(found?.packages.get('zlib-1.3-r3.apk')).toBe(digestOf('zlib-1.3-r3.apk'));
    expect(found?.packages.size).toBe(1);
  });

  it('finds old generations by number and by the digest of their index', async () => {
    expect((await reader.byNumber('os', 'x86_64', 1))?.createdAt).toBe(1000);
    expect((await reader.byDigest('os', 'x86_64', digestOf('index 1')))?.number).toBe(1);
    expect(await reader.byDigest('os', 'x86_64', digestOf('index 9'))).toBeUndefined();
  });

  it('says that an unknown repository has no generation', async () => {
    expect(await reader.current('none', 'x86_64')).toBeUndefined();
    expect(await reader.byDigest('none', 'x86_64', digestOf('index 1'))).toBeUndefined();
  });
});
