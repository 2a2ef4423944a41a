import type { FlagTable } from '../../drop-in/flag.ts';
import type { Subcommand } from '../../drop-in/subcommand.ts';
import {
  defaultPackageFormat,
  listPackages,
  packageFormatNames,
  packagePrinter,
} from '../../image-build/list-packages.ts';
import { appendFlags, archFlag, cacheFlags } from '../flags.ts';
import { taskOfFlags } from '../task-of-flags.ts';

const flagTable: FlagTable = {
  ...appendFlags,
  ...archFlag,
  ...cacheFlags,
  format: { type: 'string', default: defaultPackageFormat, help: 'how a package is printed' },
};

export const showPackages: Subcommand = {
  name: 'show-packages',
  usage: '<config.yaml>',
  summary: 'Print the packages that a configuration would install',
  description: `Print the packages that a configuration would install, in the order of installation, one a line. --format is one of ${packageFormatNames.join(', ')}, or a template of Go with .Name, .Version and .Source.`,
  examples: [
    'kiln apko show-packages nginx.yaml --arch x86_64',
    'kiln apko show-packages --format packagelock nginx.yaml',
  ],
  positionals: { min: 1, max: 1 },
  flags: flagTable,
  run: async (invocation) => {
    const print = packagePrinter(invocation.flags.string('format'));
    const listed = await listPackages(taskOfFlags(invocation, flagTable));
    for (const { arch, packages } of listed) {
      if (listed.length !== 1) invocation.log.info(`packages for ${arch}`);
      for (const one of packages) invocation.write(`${print(one)}\n`);
    }
  },
};
