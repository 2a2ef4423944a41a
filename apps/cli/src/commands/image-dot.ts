import type { Command } from '../command.ts';
import { packageOptions } from '../image-build/command-options.ts';
import { withImageTask } from '../image-build/command-task.ts';
import { packageGraph } from '../image-build/package-graph.ts';

export const imageDot: Command = {
  name: 'image dot',
  summary:
    'Print which package of a configuration needs which, for its first architecture, in the language of Graphviz. Where they do not resolve, the reasons are in the graph beside what does, and the command fails. Needs no running factory.',
  usage: 'image dot CONFIG [-S] [--arch ARCH]',
  examples: [
    'kiln image dot nginx.yaml | dot -Tsvg > nginx.svg',
    'kiln image dot nginx.yaml -S --arch arm64',
  ],
  options: {
    'spanning-tree': {
      type: 'boolean',
      short: 'S',
      help: 'draw one edge to each package, and not all',
    },
    ...packageOptions,
  },
  async run(invocation) {
    const asTree = invocation.flags['spanning-tree'] === true;
    const { text, failure } = await withImageTask(imageDot, invocation, (task) =>
      packageGraph(task, { asTree }),
    );
    invocation.print.data(text);
    if (failure !== undefined) throw failure;
    return 0;
  },
};
