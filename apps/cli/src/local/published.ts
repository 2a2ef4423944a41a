import os from 'node:os';
import path from 'node:path';
import { shorten } from '@kiln/base';
import type { RecipeNode } from '@kiln/graph';
import type { Architecture } from '@kiln/recipe';
import type { FinishedBuild } from './local-build.ts';
import { listOf, textOf } from './options.ts';
import { pipelineFoldersOf, type PackageSession, type Subject } from './package-session.ts';
import {
  checkRelease,
  epochLines,
  requireAcknowledged,
  type ReleaseCheck,
} from './release-check.ts';
import { readTreeFacts } from './tree-facts.ts';
import { treeFiles } from './tree-files.ts';

/** Compares with what is published, and says what changed. Throws `LOCAL_RELEASE_UNACKNOWLEDGED`. */
export async function checkPublished(
  session: PackageSession,
  { file, recipe, arch }: Subject,
  { packages, guest }: FinishedBuild,
): Promise<ReleaseCheck> {
  const { flags, positionals, print } = session.invocation;
  const warn = (text: string): void => print.talk(`warning: ${text}\n`);
  const isTree = flags['all'] === true || flags['affected-by'] !== undefined;
  const release = await checkRelease({
    recipe,
    arch,
    built: packages,
    blobs: session.blobs,
    indexes: guest.indexes,
    outDirectory: session.out,
    guests: session.guests,
    tree: () => recipeNodes(session, isTree ? positionals : [path.dirname(file)], arch),
    acknowledged: listOf(flags['acknowledge']),
    onWarning: warn,
    signal: session.signal,
  });
  const { name } = recipe.package;
  requireAcknowledged(name, release);
  for (const { message } of release.findings) print.talk(`${name}: acknowledged: ${message}\n`);
  const epochs = epochLines(release.epochs);
  if (epochs !== '') print.talk(`${name}: packages lose a library${epochs}\n`);
  const written = new Set(recipe.acknowledgements.map(({ finding }) => finding));
  for (const finding of release.unused.filter((one) => written.has(one)))
    warn(`${name}: acknowledged, and did not happen: ${shorten(finding)}`);
  return release;
}

/** What is known of the recipes of a tree; those with mistakes are left out. */
async function recipeNodes(
  session: PackageSession,
  words: readonly string[],
  arch: Architecture,
): Promise<readonly RecipeNode[]> {
  const { flags } = session.invocation;
  const { recipes: files, pipelineFolders } = treeFiles(words);
  const given = pipelineFoldersOf(session);
  const { nodes } = await readTreeFacts({
    reading: {
      dialect: 'kiln',
      commit: '',
      environmentFiles: listOf(flags['env-file']),
      varsFile: textOf(flags['vars-file']),
      buildOptions: listOf(flags['build-option']),
      architectures: [arch],
      pipelineFolders: given.length > 0 ? given : pipelineFolders,
    },
    files,
    cacheFolder: path.join(session.cache, 'graph'),
    threads: os.availableParallelism(),
    onProgress: () => undefined,
  });
  return nodes.get(arch) ?? [];
}
