import { layerTar } from '@kiln/assemble';
import { interruptible } from '@kiln/base';
import type { Subcommand } from '../../drop-in/subcommand.ts';
import { inContext } from '../../image-build/in-context.ts';
import { rootTree } from '../../image-build/root-tree.ts';
import { writeLargeFile } from '../../image-build/write-file.ts';
import { rootFlags, trustFlag } from '../flags.ts';
import { taskOfFlags } from '../task-of-flags.ts';

const flagTable = { ...rootFlags, ...trustFlag };

export const buildMinirootfs: Subcommand = {
  name: 'build-minirootfs',
  usage: '<config.yaml> <output.tar>',
  summary: 'Write the file system of a configuration as a tar archive',
  description:
    'Write the file system of a configuration for one architecture as a tar archive. It is not compressed, whatever its name says.',
  examples: ['kiln apko build-minirootfs nginx.yaml root.tar'],
  positionals: { min: 2, max: 2 },
  flags: flagTable,
  run: async (invocation) => {
    const tree = await inContext('failed to build layer image', () =>
      rootTree(taskOfFlags(invocation, flagTable)),
    );
    await writeLargeFile(
      invocation.positionals[1] ?? '',
      interruptible(layerTar(tree), invocation.signal),
    );
  },
};
