import { layerTar, treeEntries, treeMembers } from '@kiln/assemble';
import type { AssembledTree } from '@kiln/assemble';
import { interruptible } from '@kiln/base';
import { writeCpio } from '@kiln/cpio';
import { gzipMember } from '@kiln/gzip';
import type { Command, Invocation } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { apkArch } from '../image-build/architectures.ts';
import { archiveOutput } from '../image-build/archive-output.ts';
import { buildOptions } from '../image-build/command-options.ts';
import { withImageTask } from '../image-build/command-task.ts';
import { rootTree } from '../image-build/root-tree.ts';
import { textOf } from '../local/options.ts';

function outputOption(example: string): Command['options'] {
  return {
    ...jsonOption,
    output: {
      type: 'string',
      short: 'o',
      value: 'FILE|-',
      help: `the archive, such as ${example}; compressed where its name ends in .gz, - prints it`,
    },
    ...buildOptions,
  };
}

export const imageBuildMinirootfs: Command = {
  name: 'image build-minirootfs',
  summary:
    'Write the file system of a configuration as a tar archive, without an image around it: for a chroot, a virtual machine, or another builder. Needs no running factory.',
  usage: 'image build-minirootfs CONFIG -o FILE.tar[.gz]|- [--arch ARCH] [--json]',
  examples: [
    'kiln image build-minirootfs nginx.yaml -o root.tar',
    'kiln image build-minirootfs nginx.yaml -o root.tar.gz --arch arm64 --lockfile nginx.lock.json',
  ],
  options: outputOption('root.tar'),
  run: (invocation) => writeRoot(imageBuildMinirootfs, invocation, layerTar),
};

export const imageBuildCpio: Command = {
  name: 'image build-cpio',
  summary:
    'Write the file system of a configuration as a cpio archive of the form newc, which Linux starts from as its initramfs. Needs no running factory.',
  usage: 'image build-cpio CONFIG -o FILE.cpio[.gz]|- [--arch ARCH] [--json]',
  examples: [
    'kiln image build-cpio rescue.yaml -o initramfs.cpio.gz',
    'qemu-system-x86_64 -kernel vmlinuz -initrd initramfs.cpio.gz -append rdinit=/sbin/init',
  ],
  options: outputOption('root.cpio.gz'),
  run: (invocation) => writeRoot(imageBuildCpio, invocation, (tree) => cpioOf(tree, invocation)),
};

async function* cpioOf(tree: AssembledTree, { print }: Invocation): AsyncGenerator<Uint8Array> {
  const onLeftOut = (path: string): void => print.talk(`warning: hard link left out: ${path}\n`);
  const rules =
    tree.dialect === 'apko'
      ? ({ kind: 'plain', onLeftOut } as const)
      : ({ kind: 'whole', names: await namesOf(tree) } as const);
  yield* writeCpio(treeMembers(tree), rules);
}

/** How many names what has several of them has, by the first. */
async function namesOf(tree: AssembledTree): Promise<ReadonlyMap<string, number>> {
  const names = new Map<string, number>();
  for await (const one of treeEntries(tree)) {
    if (one.type !== 'hardlink') continue;
    const { linkTarget } = one.entry;
    names.set(linkTarget, (names.get(linkTarget) ?? 1) + 1);
  }
  return names;
}

async function writeRoot(
  command: Command,
  invocation: Invocation,
  archiveOf: (tree: AssembledTree) => AsyncIterable<Uint8Array>,
): Promise<number> {
  const file = textOf(invocation.flags['output']);
  if (file === undefined) throw usage(command, 'where to? give -o FILE');
  const output = archiveOutput(command, invocation, file);
  const tree = await withImageTask(command, invocation, async (task) => {
    const assembled = await rootTree(task);
    task.onStage?.(`writing ${output.name}`);
    const archive = interruptible(archiveOf(assembled), task.signal);
    await output.write(file.endsWith('.gz') ? gzipMember(archive) : archive);
    return assembled;
  });
  const packages = tree.packages.map(({ info: { name, version } }) => ({ name, version }));
  const arch = apkArch(tree.config.archs[0] ?? '');
  if (invocation.flags['json'] === true)
    output.print.data(`${JSON.stringify({ output: file, arch, packages }, null, 2)}\n`);
  else output.print.data(`${output.name}\n`);
  return 0;
}
