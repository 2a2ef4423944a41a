import os from 'node:os';
import { KilnError, shorten, counted } from '@kiln/base';
import { hasName } from '@kiln/graph';
import { nearestWord } from '@kiln/yaml/nearest';
import type { Command, Invocation } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { folderPlace } from '../folder-place.ts';
import { cacheFolder } from '../local/cache-folder.ts';
import { graphDocument } from '../local/graph-document.ts';
import { graphDot } from '../local/graph-dot.ts';
import { graphText, wayText } from '../local/graph-text.ts';
import { readTreeGraphs, type TreeGraph, type TreeGraphs } from '../local/graph.ts';
import { architecturesOf, foldersOf, listOf, textOf } from '../local/options.ts';
import { Waiting } from '../waiting.ts';

export const packageGraph: Command = {
  name: 'package graph',
  summary:
    'Show which recipe has to be built before which: order, cycles and where to cut them, atoms that nothing provides, and what a change affects. Needs no running factory and builds nothing.',
  usage:
    'package graph [DIR|RECIPE...] [--repository URL|DIR] [--affected-by REF] [--format FORMAT]',
  examples: [
    'kiln package graph recipes --repository packages',
    'kiln package graph --affected-by origin/main --distance 1 --format order',
    'kiln package graph --why nginx,openssl',
    'kiln package graph --repository packages --built new-packages',
  ],
  options: {
    ...jsonOption,
    format: {
      type: 'string',
      value: 'FORMAT',
      help: 'text, json, dot (for Graphviz), or order: the files in the order to build them (text)',
    },
    arch: {
      type: 'string',
      multiple: true,
      value: 'ARCH',
      help: 'architectures, such as x86_64,aarch64 (this machine’s)',
    },
    'pipeline-dir': {
      type: 'string',
      multiple: true,
      value: 'DIR',
      help: 'folders of pipelines that go before the built-in ones (pipelines beside the recipes)',
    },
    repository: {
      type: 'string',
      multiple: true,
      value: 'URL|DIR',
      help: 'what is published, also as index files: it teaches generated provides such as so:, and cycles are cut there',
    },
    keyring: {
      type: 'string',
      multiple: true,
      value: 'FILE',
      help: 'public keys of the repositories; without one local indexes are believed unsigned',
    },
    'affected-by': {
      type: 'string',
      value: 'REF',
      help: 'only what differs from a commit of git, and what that affects',
    },
    distance: {
      type: 'string',
      value: 'N',
      help: 'with --affected-by: at most N builds away; 0 is what changed itself (any)',
    },
    why: {
      type: 'string',
      value: 'A,B',
      help: 'the shortest way from recipe A to the recipe, package or provide B',
    },
    built: {
      type: 'string',
      multiple: true,
      value: 'DIR',
      help: 'new packages, as a folder with an index or as an index file: show who needs a new epoch because a library goes away',
    },
    tests: { type: 'boolean', help: 'show test environments too' },
    'vars-file': {
      type: 'string',
      value: 'FILE',
      help: 'a file of vars that replace the recipe’s',
    },
    'build-option': {
      type: 'string',
      multiple: true,
      value: 'NAME',
      help: 'options of the recipes to switch on',
    },
    'cache-dir': {
      type: 'string',
      value: 'DIR',
      help: 'facts of recipes, indexes; may be shared (~/.cache/kiln)',
    },
  },
  async run(invocation) {
    const { flags } = invocation;
    const format = formatOf(invocation);
    if (distanceOf(flags['distance']) !== undefined && flags['affected-by'] === undefined)
      throw usage(packageGraph, '--distance is of --affected-by, which is not given');
    if ((format === 'order' || format === 'dot') && architecturesOf(invocation).length > 1)
      throw usage(packageGraph, `--format ${format} is of one architecture`);
    const waiting = new Waiting(invocation.print.talk, process.stderr.isTTY === true);
    try {
      const tree = await read(invocation, waiting);
      waiting.stop();
      requireNames(tree, wayOf(invocation.flags['why']));
      show(tree, format, invocation);
      return tree.problems.length > 0 ? 1 : 0;
    } finally {
      waiting.stop();
    }
  },
};

const formats = ['text', 'json', 'dot', 'order'] as const;
type Format = (typeof formats)[number];

function formatOf({ flags }: Invocation): Format {
  const given = textOf(flags['format']);
  if (given === undefined) return flags['json'] === true ? 'json' : 'text';
  if (flags['json'] === true && given !== 'json')
    throw usage(packageGraph, `--json and --format ${shorten(given)} do not go together`);
  const format = formats.find((one) => one === given);
  if (format !== undefined) return format;
  throw new KilnError('USAGE', `no such format: ${shorten(given)}`, {
    hint: `one of ${formats.join(', ')}`,
  });
}

function read(invocation: Invocation, waiting: Waiting): Promise<TreeGraphs> {
  const { flags, positionals, print } = invocation;
  return readTreeGraphs({
    words: positionals.length === 0 ? ['.'] : positionals,
    dialect: 'kiln',
    architectures: architecturesOf(invocation),
    pipelineFolders: foldersOf(flags['pipeline-dir']),
    repositories: listOf(flags['repository']),
    keys: listOf(flags['keyring']),
    built: listOf(flags['built']),
    affectedBy: textOf(flags['affected-by']),
    distanceMax: distanceOf(flags['distance']),
    why: wayOf(flags['why']),
    varsFile: textOf(flags['vars-file']),
    buildOptions: listOf(flags['build-option']),
    cacheFolder: folderPlace(textOf(flags['cache-dir']) ?? cacheFolder(process.env)),
    threads: os.availableParallelism(),
    onStage: (stage, progress) =>
      waiting.show(progress === undefined ? stage : `${stage}, ${progress.done} done`),
    onWarning: (text) => print.talk(`warning: ${text}\n`),
  });
}

function distanceOf(flag: Invocation['flags'][string]): number | undefined {
  const given = textOf(flag);
  if (given === undefined) return undefined;
  if (/^\d{1,6}$/.test(given)) return Number(given);
  throw usage(packageGraph, `--distance takes a number, not "${shorten(given)}"`);
}

function wayOf(
  flag: Invocation['flags'][string],
): { readonly from: string; readonly to: string } | undefined {
  const given = textOf(flag);
  if (given === undefined) return undefined;
  const [from = '', to = '', ...more] = given.split(',');
  if (from === '' || to === '' || more.length > 0)
    throw usage(packageGraph, `--why takes two names with a comma, not "${shorten(given)}"`);
  return { from, to };
}

/** Refuses a name that nothing has: that it is not needed would be no answer. Throws `LOCAL_NAME_NOT_FOUND`. */
function requireNames({ graphs }: TreeGraphs, way: ReturnType<typeof wayOf>): void {
  for (const name of way === undefined ? [] : [way.from, way.to]) {
    if (graphs.some(({ graph }) => hasName(graph, name))) continue;
    const near = nearestWord(
      name,
      graphs.flatMap(({ graph }) => graph.recipes.map((one) => one.name)),
    );
    throw new KilnError('LOCAL_NAME_NOT_FOUND', `nothing is called "${shorten(name)}" here`, {
      hint:
        near === undefined
          ? 'name a recipe, a package or what one provides'
          : `did you mean ${near}?`,
    });
  }
}

function show(tree: TreeGraphs, format: Format, { flags, print }: Invocation): void {
  const withTests = flags['tests'] === true;
  for (const { error } of tree.problems) print.talk(error);
  if (format === 'json') {
    print.data(`${JSON.stringify(graphDocument(tree, withTests), null, 2)}\n`);
    return;
  }
  for (const graph of tree.graphs) {
    if (format === 'dot') print.data(graphDot(graph, withTests));
    else if (format === 'order') print.data(orderOf(graph));
    else if (textOf(flags['why']) !== undefined) print.data(wayText(graph.way));
    else print.data(graphText(graph, withTests));
  }
  const failed = tree.problems.length > 0 ? `, ${tree.problems.length} failed` : '';
  print.talk(`${counted(tree.files, 'recipe')} read, ${tree.compiled} of them compiled${failed}\n`);
}

function orderOf({ graph, plan }: TreeGraph): string {
  return plan.recipes
    .map(({ name }) => `${graph.recipes[graph.recipeNumber(name) ?? -1]?.file ?? ''}\n`)
    .join('');
}
