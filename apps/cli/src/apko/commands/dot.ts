import type { FlagTable } from '../../drop-in/flag.ts';
import type { DropInInvocation, Subcommand } from '../../drop-in/subcommand.ts';
import { inContext } from '../../image-build/in-context.ts';
import { packageGraph } from '../../image-build/package-graph.ts';
import { appendFlags, archFlag, cacheFlags } from '../flags.ts';
import { taskOfFlags } from '../task-of-flags.ts';

const flagTable: FlagTable = {
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
};

export const dot: Subcommand = {
  name: 'dot',
  usage: '<config.yaml>',
  summary: 'Print which package needs which, as a graph',
  description:
    'Print the packages of a configuration for its first architecture, and which needs which, in the language of Graphviz.',
  examples: ['kiln apko dot nginx.yaml | dot -Tsvg > graph.svg'],
  positionals: { min: 1, max: 1 },
  flags: flagTable,
  run: printGraph,
};

async function printGraph(invocation: DropInInvocation): Promise<void> {
  const { flags, write } = invocation;
  const task = taskOfFlags(invocation, flagTable);
  const { text } = await inContext('failed to get package list for image', () =>
    packageGraph(task, { asTree: flags.bool('spanning-tree') }),
  );
  write(text);
}
