import os from 'node:os';
import { KilnError } from '@kiln/base';
import { Schedule } from '@kiln/graph';
import type { Architecture } from '@kiln/recipe';
import { describeError } from '../report.ts';
import { Waiting } from '../waiting.ts';
import { readTreeGraphs, type TreeGraph, type TreeGraphs } from './graph.ts';
import { architecturesOf, listOf, textOf } from './options.ts';
import { appendedOf, pipelineFoldersOf, type PackageSession } from './package-session.ts';

export interface BuildTreeRequest<T> {
  readonly session: PackageSession;
  /** Builds a recipe; what it throws as a `KilnError` is the recipe's failure. */
  build(file: string, arch: Architecture): Promise<T>;
  /** A recipe that was not built: it failed, or something that it needs did. */
  unbuilt(recipe: string, arch: Architecture, result: 'failed' | 'skipped'): T;
}

/**
 * Builds the recipes of a tree, those that differ from a commit of git and what they affect if the command line names
 * one, in the order of their graph. A recipe that fails costs itself and what needs it, and nothing else. Returns the
 * outcomes in that order. Throws what reading the tree throws.
 */
export async function buildTree<T>(request: BuildTreeRequest<T>): Promise<readonly T[]> {
  const { print } = request.session.invocation;
  const tree = await treeOf(request.session);
  const outcomes: T[] = [];
  for (const { error } of tree.problems) print.talk(error);
  for (const graph of tree.graphs) {
    outcomes.push(...tree.problems.map(({ file }) => request.unbuilt(file, graph.arch, 'failed')));
    outcomes.push(...(await buildGraph(request, graph)));
  }
  return outcomes;
}

async function buildGraph<T>(
  { session, build, unbuilt }: BuildTreeRequest<T>,
  { arch, graph, plan }: TreeGraph,
): Promise<readonly T[]> {
  const { talk } = session.invocation.print;
  const outcomes: T[] = [];
  const schedule = new Schedule(plan.recipes);
  for (;;) {
    const [name] = schedule.ready;
    if (name === undefined) return outcomes;
    schedule.started(name);
    const { done, failed, skipped } = schedule.counts;
    talk(`${name} (${done + failed + skipped + 1} of ${plan.recipes.length}, ${arch})\n`);
    try {
      outcomes.push(await build(graph.recipes[graph.recipeNumber(name) ?? -1]?.file ?? '', arch));
      schedule.finished(name);
    } catch (error) {
      if (!(error instanceof KilnError) || session.signal?.aborted === true) throw error;
      talk(describeError(error));
      outcomes.push(unbuilt(name, arch, 'failed'));
      for (const one of schedule.failed(name)) {
        talk(`skipped ${one.name}: it needs ${one.need}\n`);
        outcomes.push(unbuilt(one.name, arch, 'skipped'));
      }
    }
  }
}

async function treeOf(session: PackageSession): Promise<TreeGraphs> {
  const { flags, positionals, print } = session.invocation;
  const architectures = architecturesOf(session.invocation);
  const appended = architectures.map((arch) => appendedOf(session, arch));
  const waiting = new Waiting(print.talk, process.stderr.isTTY === true);
  try {
    return await readTreeGraphs({
      words: positionals,
      dialect: 'kiln',
      architectures,
      pipelineFolders: pipelineFoldersOf(session),
      repositories: [...new Set(appended.flatMap(({ repositories = [] }) => repositories))],
      keys: [...new Set(appended.flatMap(({ keys = [] }) => keys))],
      unsigned: session.unsigned,
      affectedBy: textOf(flags['affected-by']),
      environmentFiles: listOf(flags['env-file']),
      varsFile: textOf(flags['vars-file']),
      buildOptions: listOf(flags['build-option']),
      cacheFolder: session.cache,
      threads: os.availableParallelism(),
      onStage: (stage) => waiting.show(stage),
      onWarning: (text) => print.talk(`warning: ${text}\n`),
    });
  } finally {
    waiting.stop();
  }
}
