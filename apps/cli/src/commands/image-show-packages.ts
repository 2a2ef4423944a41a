import type { Command } from '../command.ts';
import { jsonOption } from '../command.ts';
import { apkArch } from '../image-build/architectures.ts';
import { packageOptions } from '../image-build/command-options.ts';
import { withImageTask } from '../image-build/command-task.ts';
import {
  defaultPackageFormat,
  listPackages,
  packageFormatNames,
  packagePrinter,
} from '../image-build/list-packages.ts';
import { textOf } from '../local/options.ts';

export const imageShowPackages: Command = {
  name: 'image show-packages',
  summary:
    'Print the packages that a configuration would install, in the order of installation, one a line. Needs no running factory.',
  usage: 'image show-packages CONFIG [--arch ARCH] [--format FORMAT] [--json]',
  examples: [
    'kiln image show-packages nginx.yaml --arch x86_64',
    'kiln image show-packages nginx.yaml --format packagelock',
    "kiln image show-packages nginx.yaml --json | jq -r '.[].packages[] | .name, .url'",
  ],
  options: {
    ...jsonOption,
    format: {
      type: 'string',
      value: 'FORMAT',
      help: `one of ${packageFormatNames.join(', ')}, or a template of Go with .Name, .Version and .Source`,
    },
    ...packageOptions,
  },
  async run(invocation) {
    const { flags, print } = invocation;
    const line = packagePrinter(textOf(flags['format']) ?? defaultPackageFormat);
    const listed = await withImageTask(imageShowPackages, invocation, listPackages);
    if (flags['json'] === true) {
      const rows = listed.map(({ arch, packages }) => ({
        arch: apkArch(arch),
        packages: packages.map(({ name, version, url, checksum, sizeBytes }) => ({
          name,
          version,
          url,
          checksum,
          sizeBytes,
        })),
      }));
      print.data(`${JSON.stringify(rows, null, 2)}\n`);
      return 0;
    }
    for (const { arch, packages } of listed) {
      if (listed.length > 1) print.talk(`${apkArch(arch)}:\n`);
      for (const one of packages) print.data(`${line(one)}\n`);
    }
    return 0;
  },
};
