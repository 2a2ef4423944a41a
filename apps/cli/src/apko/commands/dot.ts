import { KilnError } from '@kiln/base';
import { imageWorld, solveImage } from '@kiln/solve';
import type { DropInInvocation, Subcommand } from '../../drop-in/subcommand.ts';
import { wantedArchitectures } from '../architectures.ts';
import { packageDot } from '../dot.ts';
import { appendFlags, archFlag, cacheFlags } from '../flags.ts';
import { ImageRepositories } from '../repositories.ts';
import { imageRequest, lockRequest } from '../request.ts';

export const dot: Subcommand = {
  name: 'dot',
  usage: '<config.yaml>',
  summary: 'Print which package needs which, as a graph',
  description:
    'Print the packages of a configuration for its first architecture, and which needs which, in the language of Graphviz. Where they do not resolve, the reasons are in the graph.',
  examples: ['kiln apko dot nginx.yaml | dot -Tsvg > graph.svg'],
  positionals: { min: 1, max: 1 },
  flags: {
    ...appendFlags,
    ...archFlag,
    ...cacheFlags,
    'spanning-tree': {
      type: 'bool',
      shorthand: 'S',
      help: 'draw one edge to each package, and not all',
    },
    web: {
      type: 'bool',
      help: 'show the graph in a browser',
      refused: 'print the graph, and give it to dot -Tsvg',
    },
    'registry-explorer': {
      type: 'string',
      shorthand: 'e',
      default: 'apk.dag.dev',
      help: 'the site that nodes in a browser lead to',
      unused: 'nothing is shown in a browser',
    },
  },
  run: printGraph,
};

async function printGraph(invocation: DropInInvocation): Promise<void> {
  const { flags, positionals, log, write } = invocation;
  const [file = ''] = positionals;
  const request = imageRequest(invocation, file, {});
  const arch = wantedArchitectures(flags.list('arch'), request.config.archs)[0] ?? '';
  const repositories = new ImageRepositories(invocation, { cache: true });
  const keys = await repositories.keys(request);
  const [indexes] = await repositories.indexes(request, { archs: [arch], keys, extra: () => [] });
  const world = imageWorld(lockRequest(request));
  const options = {
    file,
    world: request.config.contents.packages,
    asTree: flags.bool('spanning-tree'),
  };
  try {
    const packages = indexes === undefined ? [] : solveImage(world, indexes);
    write(packageDot({ ...options, packages: packages.map(({ record }) => record) }));
  } catch (error) {
    if (!(error instanceof KilnError) || error.code !== 'IMAGE_LOCK_UNSOLVED') throw error;
    log.error(`failed to get package list for image: ${error.message}`);
    write(packageDot({ ...options, packages: [], failure: error.message.split('\n') }));
  }
}
