import { layerTar } from '@kiln/assemble';
import type { Subcommand } from '../../drop-in/subcommand.ts';
import { rootFlags, trustFlag } from '../flags.ts';
import { rootTree } from '../root-tree.ts';
import { writeFile } from '../write-file.ts';

export const buildMinirootfs: Subcommand = {
  name: 'build-minirootfs',
  usage: '<config.yaml> <output.tar>',
  summary: 'Write the file system of a configuration as a tar archive',
  description:
    'Write the file system of a configuration for one architecture as a tar archive. It is not compressed, whatever its name says.',
  examples: ['kiln apko build-minirootfs nginx.yaml root.tar'],
  positionals: { min: 2, max: 2 },
  flags: { ...rootFlags, ...trustFlag },
  run: async (invocation) => {
    const tree = await rootTree(invocation, { trust: true, limits: true });
    await writeFile(invocation.positionals[1] ?? '', layerTar(tree));
  },
};
