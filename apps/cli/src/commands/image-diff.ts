import { counted, oneLine } from '@kiln/base';
import type {
  FileDifference,
  ImageDifference,
  PackageDifference,
  SettingDifference,
} from '@kiln/inspect';
import { compareImages, whyStepText } from '@kiln/inspect';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { readExplained } from '../image/explained.ts';
import { namedImage } from '../image/named.ts';

export const imageDiff: Command = {
  name: 'image diff',
  summary:
    'Compare two images: packages and why they are there, settings, and the files that no package explains. Exit code 3 where they differ.',
  usage: 'image diff OLD NEW [--files] [--json]',
  examples: [
    'kiln image diff static nginx',
    'kiln image diff nginx:latest registry.example.org/nginx:latest --files',
    'kiln image diff nginx:latest nginx.tar',
    'kiln image diff OLD NEW --json | jq -r \'.packages[] | "\\(.name) \\(.from) \\(.to)"\'',
  ],
  options: {
    ...jsonOption,
    files: { type: 'boolean', help: 'the files of packages that differ too' },
  },
  async run({ config, positionals, flags, print }) {
    const [old, next, more] = positionals;
    if (old === undefined || next === undefined || more !== undefined)
      throw usage(imageDiff, 'which two images?');
    const difference = compareImages(
      await readExplained(config, namedImage(config, old)),
      await readExplained(config, namedImage(config, next)),
    );
    print.data(
      flags['json'] === true
        ? `${JSON.stringify(difference, null, 2)}\n`
        : differenceText(difference, flags['files'] === true),
    );
    const { packages, settings, files } = difference;
    return packages.length + settings.length + files.length === 0 ? 0 : 3;
  },
};

/** What is printed. */
export function differenceText(difference: ImageDifference, everyFile: boolean): string {
  const { from, to, packages, settings, files } = difference;
  const shown = files.filter(({ explained }) => everyFile || !explained);
  const hidden = files.length - shown.length;
  const lines = [
    `from ${from.reference} ${from.digest}`,
    `to   ${to.reference} ${to.digest}`,
    ...packages.flatMap(packageLines),
    ...settings.map(settingLine),
    ...shown.map(fileLine),
    ...(hidden > 0
      ? [
          `  ${counted(hidden, 'file')} of these packages ${hidden === 1 ? 'differs' : 'differ'}; --files lists them`,
        ]
      : []),
    ...(packages.length + settings.length + files.length === 0 ? ['nothing differs'] : []),
  ];
  return lines.map((line) => `${oneLine(line)}\n`).join('');
}

function packageLines({ name, change, from, to, why }: PackageDifference): readonly string[] {
  const line = {
    added: `+ package ${name} ${to}`,
    removed: `- package ${name} ${from}`,
    changed: `~ package ${name} ${from} is now ${to}`,
    rebuilt: `~ package ${name} ${to} was built again, with other content`,
  }[change];
  const way = why.slice(1).map((step) => whyStepText(step));
  const first = why[0];
  const because =
    first === undefined || way.length === 0 ? [] : [`    ${first.package} ${way.join(', which ')}`];
  return [line, ...because];
}

function settingLine({ setting, from, to }: SettingDifference): string {
  if (from === null) return `+ ${setting}: "${to}"`;
  return to === null ? `- ${setting}: "${from}"` : `~ ${setting}: "${from}" is now "${to}"`;
}

function fileLine({ path, change, of, package: owner }: FileDifference): string {
  const sign = { added: '+', removed: '-', changed: '~' }[change];
  const what = of.length === 0 ? '' : `: ${of.join(', ')}`;
  return `${sign} /${path}${what}${owner === '' ? '' : ` (${owner})`}`;
}
