import { treeMembers } from '@kiln/assemble';
import { interruptible } from '@kiln/base';
import { writeCpio } from '@kiln/cpio';
import { gzipMember } from '@kiln/gzip';
import type { Subcommand } from '../../drop-in/subcommand.ts';
import { inContext } from '../../image-build/in-context.ts';
import { rootTree } from '../../image-build/root-tree.ts';
import { writeLargeFile } from '../../image-build/write-file.ts';
import { rootFlags } from '../flags.ts';
import { taskOfFlags } from '../task-of-flags.ts';

export const buildCpio: Subcommand = {
  name: 'build-cpio',
  usage: '<config.yaml> <output.cpio>',
  summary: 'Write the file system of a configuration as a cpio archive',
  description:
    'Write the file system of a configuration for one architecture as a cpio archive of the form newc, compressed where its name ends in .gz. It holds no owners, times and hard links.',
  examples: ['kiln apko build-cpio nginx.yaml root.cpio.gz'],
  positionals: { min: 2, max: 2 },
  flags: rootFlags,
  run: async (invocation) => {
    const [, output = ''] = invocation.positionals;
    const tree = await inContext('failed to build layer image', () =>
      rootTree(taskOfFlags(invocation, rootFlags)),
    );
    const plain = writeCpio(treeMembers(tree), {
      kind: 'plain',
      onLeftOut: (path) => invocation.log.warn(`hard link left out: ${path}`),
    });
    const archive = interruptible(plain, invocation.signal);
    const isCompressed = output.endsWith('.gz');
    await writeLargeFile(output, isCompressed ? gzipMember(archive) : archive);
  },
};
