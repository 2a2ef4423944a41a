import { sortUnique, counted } from '@kiln/base';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { packageOptions } from '../image-build/command-options.ts';
import { withImageTask } from '../image-build/command-task.ts';
import { writeLock } from '../image-build/write-lock.ts';
import { textOf } from '../local/options.ts';

export const imageLock: Command = {
  name: 'image lock',
  summary:
    'Write down exactly which packages a configuration means, in apko’s form, with checksums, addresses and keys, so that image build --lockfile takes these. Needs no running factory.',
  usage: 'image lock CONFIG [-o FILE|-] [--arch ARCH] [--json]',
  examples: [
    'kiln image lock nginx.yaml',
    'kiln image lock nginx.yaml -o nginx.lock.json && kiln image build nginx.yaml -o nginx.tar --lockfile nginx.lock.json',
  ],
  options: {
    ...jsonOption,
    output: {
      type: 'string',
      short: 'o',
      value: 'FILE|-',
      help: 'the lock, or standard output with - (beside the configuration, with .lock.json for its ending)',
    },
    ...packageOptions,
  },
  async run(invocation) {
    const { flags, print } = invocation;
    const output = textOf(flags['output']) ?? '';
    const isPrinted = output === '-';
    if (isPrinted && flags['json'] === true)
      throw usage(imageLock, 'standard output cannot have both the lock and what it has as JSON');
    const { file, packages } = await withImageTask(imageLock, invocation, (task) =>
      writeLock(task, {
        output,
        extension: 'lock.json',
        print: isPrinted ? print.data : undefined,
      }),
    );
    if (flags['json'] === true) {
      print.data(`${JSON.stringify({ lock: file, packages }, null, 2)}\n`);
      return 0;
    }
    for (const arch of sortUnique(packages.map(({ architecture }) => architecture))) {
      const count = packages.filter(({ architecture }) => architecture === arch).length;
      print.talk(`${arch}: ${counted(count, 'package')}\n`);
    }
    if (file !== undefined) print.data(`${file}\n`);
    return 0;
  },
};
