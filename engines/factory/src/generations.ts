import type { Digest } from '@kiln/base';
import type { FactoryRecords, Generation } from './records.ts';

/** What serving one immutable state of a repository takes. */
export interface ServedGeneration {
  /** Counts from 1. */
  readonly number: number;
  /** The signed `APKINDEX.tar.gz`. */
  readonly indexBlob: Digest;
  /** File name, such as `zlib-1.3.1-r0.apk`, to blob. */
  readonly packages: ReadonlyMap<string, Digest>;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** The generations of apk repositories as a server reads them. */
export interface GenerationReader {
  /** The newest generation, or undefined when there is none. */
  current(repository: string, arch: string): Promise<ServedGeneration | undefined>;
  byNumber(repository: string, arch: string, number: number): Promise<ServedGeneration | undefined>;
  /** The generation whose index is this blob. */
  byDigest(
    repository: string,
    arch: string,
    indexBlob: Digest,
  ): Promise<ServedGeneration | undefined>;
}

/** How far back `byDigest` of `generationReader` looks. */
const digestLookBack = 1000;

/** How many generations a reader keeps in memory; each is immutable, so none of them goes stale. */
const keptGenerations = 64;

/**
 * A reader over the factory's records. `byDigest` looks at the newest 1,000 generations only: a generation that has to
 * stay addressable for longer is named by its number.
 */
export function generationReader(
  records: Pick<FactoryRecords, 'currentGeneration' | 'generation'>,
): GenerationReader {
  const served = servedCache();
  const byNumber: GenerationReader['byNumber'] = async (repository, arch, number) =>
    served(await records.generation(repository, arch, number));
  const current: GenerationReader['current'] = async (repository, arch) =>
    served(await records.currentGeneration(repository, arch));
  return {
    current,
    byNumber,
    byDigest: async (repository, arch, indexBlob) => {
      let found = await current(repository, arch);
      const oldest = (found?.number ?? 0) - digestLookBack;
      while (found !== undefined && found.indexBlob !== indexBlob && found.number > oldest) {
        found = await byNumber(repository, arch, found.number - 1);
      }
      return found?.indexBlob === indexBlob ? found : undefined;
    },
  };
}

/** Makes the map of file names once per generation. */
function servedCache(): (generation: Generation | undefined) => ServedGeneration | undefined {
  const kept = new Map<string, ServedGeneration>();
  return (generation) => {
    if (generation === undefined) return undefined;
    const key = `${generation.repository}@${generation.arch}@${generation.number}@${generation.indexBlob}`;
    const served = kept.get(key) ?? servedGeneration(generation);
    kept.delete(key);
    kept.set(key, served);
    for (const oldest of kept.keys()) {
      if (kept.size <= keptGenerations) break;
      kept.delete(oldest);
    }
    return served;
  };
}

function servedGeneration(generation: Generation): ServedGeneration {
  return {
    number: generation.number,
    indexBlob: generation.indexBlob,
    packages: new Map(generation.packages.map((built) => [built.file, built.apk])),
    createdAt: generation.createdAt,
  };
}
