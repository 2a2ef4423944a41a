import fs from 'node:fs';
import path from 'node:path';
import { digestOf, digestOfValue, systemClock, type Clock, type Digest } from '@kiln/base';
import type { RecipeNode } from '@kiln/graph';
import type { Architecture } from '@kiln/recipe';
import { kilnVersion } from '../version.ts';
import { FactsCache, type CachedFacts, type FactsByFile } from './facts-cache.ts';
import { builtInPipelines, memoised, pipelineTextFinder } from './pipeline-texts.ts';
import type { RecipeFactsOptions, RecipeFactsResult } from './recipe-facts.ts';
import { mapOnThreads } from './threads.ts';

export interface TreeFactsOptions {
  readonly reading: RecipeFactsOptions;
  /** The recipes, as they shall be shown. */
  readonly files: readonly string[];
  /** Where facts are kept; undefined: every recipe is compiled. */
  readonly cacheFolder: string | undefined;
  readonly threads: number;
  readonly clock?: Clock;
  /** Gets the number of recipes that are done, of those that have to be compiled. */
  onProgress(done: number, all: number): void;
}

/** A recipe without facts. */
export interface RecipeProblem {
  readonly file: string;
  /** As it is printed. */
  readonly error: string;
}

export interface TreeFacts {
  readonly nodes: ReadonlyMap<Architecture, readonly RecipeNode[]>;
  readonly problems: readonly RecipeProblem[];
  /** How many recipes were compiled, because they are new or they or their pipelines changed. */
  readonly compiled: number;
  /** False when the cache could not be written: the next run compiles again. */
  readonly isKept: boolean;
}

/**
 * Facts of all recipes of a tree. Those that are known are taken from the cache: known is a recipe whose bytes and whose
 * pipelines' bytes are as they were, read by the same Kiln with the same options. The bytes of a recipe are not read when
 * size, times and number of its file are the same and it was not written within two seconds before it was read.
 */
export async function readTreeFacts(options: TreeFactsOptions): Promise<TreeFacts> {
  const cache =
    options.cacheFolder === undefined
      ? undefined
      : new FactsCache(options.cacheFolder, identityOf(options));
  const before = cache?.read() ?? new Map<string, CachedFacts>();
  const looked = new KnownFacts(before, options).look(options.files);
  const fresh = await compile(looked.unknown, options);
  const after = new Map(looked.known);
  const problems: RecipeProblem[] = [];
  looked.unknown.forEach((file, index) => {
    const result = fresh[index];
    if (result?.kind === 'facts')
      after.set(path.resolve(file), { stat: looked.stats.get(file), facts: result.facts });
    else problems.push({ file, error: result?.error ?? '' });
  });
  const isKept =
    cache === undefined ||
    (looked.unknown.length === problems.length && !looked.isRestated) ||
    cache.write(new Map([...kept(before, options.files), ...after]));
  const nodes = options.reading.architectures.map(
    (arch, index) => [arch, nodesOf(options.files, after, index)] as const,
  );
  return { nodes: new Map(nodes), problems, compiled: looked.unknown.length, isKept };
}

/** What is known of other recipes of the same folders stays while these are there. */
function kept(before: FactsByFile, files: readonly string[]): FactsByFile {
  const given = new Set(files.map((file) => path.resolve(file)));
  return new Map([...before].filter(([file]) => !given.has(file) && fs.existsSync(file)));
}

function nodesOf(files: readonly string[], facts: FactsByFile, arch: number): RecipeNode[] {
  return files.flatMap((file) => {
    const node = facts.get(path.resolve(file))?.facts.nodes[arch];
    return node === undefined || node === null ? [] : [{ ...node, file }];
  });
}

/** Below this many recipes a second thread costs more than it gives. */
const filesOfThreadMin = 48;
const batchSize = 32;

async function compile(
  files: readonly string[],
  options: TreeFactsOptions,
): Promise<readonly RecipeFactsResult[]> {
  const { onProgress, threads, reading } = options;
  const wanted = Math.min(threads, Math.floor(files.length / filesOfThreadMin));
  if (wanted >= 2)
    return mapOnThreads<string, RecipeFactsResult>({
      script: new URL('./recipe-facts-thread.ts', import.meta.url),
      workerData: reading,
      items: files,
      threads: wanted,
      batchSize,
      onProgress: (done) => onProgress(done, files.length),
    });
  if (files.length === 0) return [];
  // Loaded when needed: a run that finds everything in the cache does without parsers.
  const { recipeFactsReader } = await import('./recipe-facts.ts');
  const read = recipeFactsReader(reading);
  return files.map((file, index) => {
    onProgress(index, files.length);
    return read(file);
  });
}

interface Looked {
  readonly known: Map<string, CachedFacts>;
  readonly unknown: readonly string[];
  /** Of the unknown, taken before they are read. */
  readonly stats: ReadonlyMap<string, string | undefined>;
  /** Whether bytes had to be read of a recipe that turned out to be as it was. */
  readonly isRestated: boolean;
}

/** Finds out which cached facts still hold. */
class KnownFacts {
  readonly #before: FactsByFile;
  readonly #pipelineDigest: (name: string) => Digest | undefined;
  readonly #nowMs: number;

  constructor(
    before: FactsByFile,
    { reading, clock = systemClock }: Pick<TreeFactsOptions, 'reading' | 'clock'>,
  ) {
    this.#before = before;
    const texts = pipelineTextFinder(reading.pipelineFolders);
    this.#pipelineDigest = memoised((name) => {
      const text = texts(name)?.text;
      return text === undefined ? undefined : digestOf(text);
    });
    this.#nowMs = clock.now();
  }

  look(files: readonly string[]): Looked {
    const known = new Map<string, CachedFacts>();
    const unknown: string[] = [];
    const stats = new Map<string, string | undefined>();
    let isRestated = false;
    for (const file of files) {
      const absolute = path.resolve(file);
      const stat = statOf(absolute, this.#nowMs);
      const cached = this.#before.get(absolute);
      const isSameFile = stat !== undefined && stat === cached?.stat;
      if (cached !== undefined && this.#holds(cached, isSameFile ? undefined : absolute)) {
        known.set(absolute, isSameFile ? cached : { ...cached, stat });
        isRestated ||= stat !== cached.stat;
      } else {
        unknown.push(file);
        stats.set(file, stat);
      }
    }
    return { known, unknown, stats, isRestated };
  }

  /** Whether the pipelines, and the bytes of the file where it is given, are as they were. */
  #holds({ facts }: CachedFacts, file: string | undefined): boolean {
    if (file !== undefined && digestOfFile(file) !== facts.digest) return false;
    return facts.pipelines.every(([name, digest]) => this.#pipelineDigest(name) === digest);
  }
}

/** A file system may keep times in steps of up to two seconds. */
const freshMs = 2000;

/** Undefined where there is no file, or one that was changed so lately that it may change again and look the same. */
function statOf(file: string, nowMs: number): string | undefined {
  const stat = statIfReadable(file);
  if (stat === undefined) return undefined;
  const { size, mtimeNs, ctimeNs, ino, mtimeMs, ctimeMs } = stat;
  const settled = BigInt(nowMs - freshMs);
  return mtimeMs < settled && ctimeMs < settled
    ? `${size} ${mtimeNs} ${ctimeNs} ${ino}`
    : undefined;
}

function statIfReadable(file: string): fs.BigIntStats | undefined {
  try {
    return fs.statSync(file, { bigint: true });
  } catch {
    // Whoever reads it says what is wrong.
    return undefined;
  }
}

function digestOfFile(file: string): Digest | undefined {
  try {
    return digestOf(fs.readFileSync(file));
  } catch {
    // Whoever compiles it says what is wrong.
    return undefined;
  }
}

/** The digest of everything besides recipes and pipelines that facts depend on; one cache file is for one of them. */
function identityOf({ files, reading }: TreeFactsOptions): Digest {
  const text = (file: string): string => digestOfFile(file) ?? '';
  return digestOfValue({
    builder: builderDigest(),
    architectures: reading.architectures,
    folders: [...new Set(files.map((file) => path.dirname(path.resolve(file))))].sort(),
    pipelineFolders: [...reading.pipelineFolders, builtInPipelines].map((one) => path.resolve(one)),
    dialect: reading.dialect,
    environmentFiles: (reading.environmentFiles ?? []).map(text),
    varsFile: reading.varsFile === undefined ? '' : text(reading.varsFile),
    buildOptions: reading.buildOptions ?? [],
  });
}

/** Kiln runs from its sources: those that facts go through are its version, more exactly than the number. */
function builderDigest(): Digest {
  const root = new URL('../../../../', import.meta.url);
  const sources = ['formats/recipe/src/', 'formats/yaml/src/', 'formats/image-config/src/']
    .flatMap((folder) => {
      const place = new URL(folder, root);
      const names = fs.readdirSync(place).filter((name) => /(?<!\.test)\.ts$/.test(name));
      return names.map((name) => new URL(name, place));
    })
    .concat([
      new URL('engines/graph/src/recipe-node.ts', root),
      new URL('recipe-facts.ts', import.meta.url),
      new URL('recipe-file.ts', import.meta.url),
    ]);
  return digestOfValue([
    kilnVersion(),
    ...sources.map((url) => [url.href.slice(root.href.length), digestOf(fs.readFileSync(url))]),
  ]);
}
