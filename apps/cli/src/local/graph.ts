import path from 'node:path';
import { KilnError, shorten, counted } from '@kiln/base';
import { RequirementGraph, affectedBy, planBuilds, sonameImpact, whyNeeded } from '@kiln/graph';
import type { Affected, EpochBump, Plan, RecipeNode, WhyStep } from '@kiln/graph';
import type { Architecture } from '@kiln/recipe';
import type { RepositoryIndex } from '@kiln/solve';
import type { TreeChanges } from './changed-recipes.ts';
import type { RecipeFileOptions } from './recipe-file.ts';
import { readTreeFacts, type RecipeProblem } from './tree-facts.ts';
import { treeFiles } from './tree-files.ts';

export interface TreeGraphsOptions extends Omit<RecipeFileOptions, 'commit'> {
  /** Recipes and folders of recipes. */
  readonly words: readonly string[];
  readonly architectures: readonly Architecture[];
  /** Folders of pipelines; empty: `pipelines` in the folders of recipes. The built-in ones come last in any case. */
  readonly pipelineFolders: readonly string[];
  /** What is published: index files, folders, URLs. */
  readonly repositories: readonly string[];
  /** Public keys of the repositories. */
  readonly keys: readonly string[];
  /** Repositories that are believed unsigned whatever the keys. */
  readonly unsigned?: readonly string[];
  /** What was built and will be published: index files or folders. */
  readonly built?: readonly string[];
  /** A commit: the plan is of what differs from it and of what that affects. */
  readonly affectedBy?: string | undefined;
  /** How many builds may lie between what changed and what is shown of it; default: any number. */
  readonly distanceMax?: number | undefined;
  /** A recipe and what to find the way to. */
  readonly why?: { readonly from: string; readonly to: string } | undefined;
  /** The folder of caches. */
  readonly cacheFolder: string;
  readonly threads: number;
  /** Told what is being done, and of how much of it how much is done. */
  onStage(stage: string, progress?: { readonly done: number; readonly all: number }): void;
  /** Told of what is odd but no reason to stop. */
  onWarning(text: string): void;
}

/** The graph of a tree for one architecture, and the answers that were asked for. */
export interface TreeGraph {
  readonly arch: Architecture;
  readonly graph: RequirementGraph;
  /** Of all recipes, or of those that a change affects. */
  readonly plan: Plan;
  readonly affected: readonly Affected[] | undefined;
  readonly epochs: readonly EpochBump[] | undefined;
  readonly way: readonly WhyStep[] | undefined;
}

export interface TreeGraphs {
  readonly graphs: readonly TreeGraph[];
  /** Recipes that are in no graph because something is wrong with them. */
  readonly problems: readonly RecipeProblem[];
  /** How many recipes there are, and how many of them had to be compiled. */
  readonly files: number;
  readonly compiled: number;
}

/**
 * Reads a tree of recipes and plans its builds. Throws `LOCAL_FILE_UNREADABLE`, `LOCAL_GIT_FAILED`, what reading indexes
 * throws, and `GRAPH_TOO_LARGE`; what is wrong with single recipes is part of the result.
 */
export async function readTreeGraphs(options: TreeGraphsOptions): Promise<TreeGraphs> {
  const { recipes: files, pipelineFolders: beside } = treeFiles(options.words);
  if (files.length === 0)
    throw new KilnError(
      'LOCAL_FILE_UNREADABLE',
      `no recipes in "${shorten(options.words.join(' '), 200)}"`,
      { hint: 'a folder of recipes has .yaml files right in it' },
    );
  const given = options.pipelineFolders;
  const facts = {
    dialect: options.dialect,
    commit: '',
    environmentFiles: options.environmentFiles ?? [],
    varsFile: options.varsFile,
    buildOptions: options.buildOptions ?? [],
    architectures: options.architectures,
    pipelineFolders: given.length > 0 ? given : beside,
  };
  options.onStage(`reading ${counted(files.length, 'recipe')}`);
  const tree = await readTreeFacts({
    reading: facts,
    files,
    cacheFolder: path.join(options.cacheFolder, 'graph'),
    threads: options.threads,
    onProgress: (done, all) =>
      options.onStage(`compiling ${counted(all, 'recipe')}`, { done, all }),
  });
  if (!tree.isKept) options.onWarning(`nothing could be kept in ${options.cacheFolder}`);
  const problems = [...tree.problems];
  const changes = await changesSince(options, files, facts);
  const graphs: TreeGraph[] = [];
  for (const [index, arch] of options.architectures.entries()) {
    const { nodes, twins } = withoutTwins(tree.nodes.get(arch) ?? []);
    problems.push(...twins.filter((twin) => !problems.some(({ file }) => file === twin.file)));
    graphs.push(await graphOf(options, { arch, index, nodes, changes }));
  }
  return { graphs, problems, files: files.length, compiled: tree.compiled };
}

async function changesSince(
  options: TreeGraphsOptions,
  files: readonly string[],
  facts: Parameters<typeof import('./changed-recipes.ts').readTreeChanges>[2],
): Promise<TreeChanges | undefined> {
  if (options.affectedBy === undefined) return undefined;
  options.onStage('comparing with git');
  // Loaded when needed, for it loads parsers.
  const { readTreeChanges } = await import('./changed-recipes.ts');
  return readTreeChanges(options.affectedBy, files, facts);
}

interface Subject {
  readonly arch: Architecture;
  readonly index: number;
  readonly nodes: readonly RecipeNode[];
  readonly changes: TreeChanges | undefined;
}

async function graphOf(
  options: TreeGraphsOptions,
  { arch, index, nodes, changes }: Subject,
): Promise<TreeGraph> {
  options.onStage(`planning ${counted(nodes.length, 'recipe')} for ${arch}`);
  const reading = {
    arch,
    keys: options.keys,
    unsigned: options.unsigned,
    cacheFolder: options.cacheFolder,
    onMissing: (place: string) => options.onWarning(`no index for ${arch} in ${place} yet`),
  };
  const indexes = await indexesOf(options.repositories, reading);
  const graph = new RequirementGraph(nodes, { indexes });
  const distanceMax = options.distanceMax ?? Infinity;
  const affected =
    changes &&
    affectedBy(graph, await changeFor(changes, nodes, index)).filter(
      ({ distance }) => distance <= distanceMax,
    );
  const rebuilt = affected?.filter(({ kind }) => kind !== 'test').map(({ recipe }) => recipe);
  const built = await indexesOf(options.built ?? [], reading);
  return {
    arch,
    graph,
    plan: planBuilds(graph, rebuilt === undefined ? {} : { only: new Set(rebuilt) }),
    affected,
    epochs:
      options.built === undefined || options.built.length === 0
        ? undefined
        : sonameImpact({
            before: indexes.flatMap(({ records }) => [...records]),
            built: built.flatMap(({ records }) => [...records]),
            recipes: nodes,
          }),
    way: options.why && whyNeeded(graph, options.why.from, options.why.to),
  };
}

async function indexesOf(
  places: readonly string[],
  reading: Parameters<typeof import('./repository-indexes.ts').repositoryIndexes>[1],
): Promise<readonly RepositoryIndex[]> {
  if (places.length === 0) return [];
  const { repositoryIndexes } = await import('./repository-indexes.ts');
  return repositoryIndexes(places, reading);
}

async function changeFor(
  changes: TreeChanges,
  nodes: readonly RecipeNode[],
  index: number,
): Promise<ReturnType<typeof import('./changed-recipes.ts').changeOf>> {
  const { changeOf } = await import('./changed-recipes.ts');
  return changeOf(changes, nodes, index);
}

/** Of recipes of one name the first stays. */
function withoutTwins(nodes: readonly RecipeNode[]): {
  readonly nodes: readonly RecipeNode[];
  readonly twins: readonly RecipeProblem[];
} {
  const first = new Map<string, RecipeNode>();
  const twins: RecipeProblem[] = [];
  for (const node of nodes) {
    const before = first.get(node.name);
    if (before === undefined) first.set(node.name, node);
    else
      twins.push({
        file: node.file,
        error: `error[GRAPH_RECIPE_TWICE]: ${before.file} and ${node.file} are both recipes of "${node.name}"\nhint: leave one of them out\n`,
      });
  }
  return { nodes: [...first.values()], twins };
}
