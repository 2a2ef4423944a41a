import type { PackageDetail, PackageSummary } from '@kiln/server/schemas';
import { connectClient } from '../client.ts';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { duration, size, table } from '../report.ts';

export const packageLs: Command = {
  name: 'package ls',
  summary: 'List the packages of the current index generations.',
  wordsMax: 0,
  usage: 'package ls [--all] [--json]',
  examples: ['kiln package ls', "kiln package ls --json | jq -r '.[].name'"],
  options: { ...jsonOption, all: { type: 'boolean', help: 'the seed’s packages too' } },
  async run({ config, flags, print }) {
    const rows = await connectClient(config).call<PackageSummary[]>(
      'GET',
      `/api/packages${flags['all'] === true ? '?seed=true' : ''}`,
    );
    if (flags['json'] === true) print.data(`${JSON.stringify(rows, null, 2)}\n`);
    else {
      print.data(
        table(
          ['NAME', 'VERSION', 'ARCH', 'SIZE', 'ORIGIN', 'REPOSITORY'],
          rows.map((row) => [
            row.name,
            row.version,
            row.arch,
            size(row.sizeBytes),
            row.origin,
            row.repository,
          ]),
        ),
      );
    }
    return 0;
  },
};

export const packageShow: Command = {
  name: 'package show',
  summary: 'Show a package: what it depends on, what it provides, what it was made of.',
  wordsMax: 1,
  usage: 'package show NAME [--json]',
  examples: ['kiln package show zlib'],
  options: jsonOption,
  async run({ config, positionals, flags, print }) {
    const name = positionals[0];
    if (name === undefined) throw usage(packageShow, 'which package?');
    const detail = await connectClient(config).call<PackageDetail>(
      'GET',
      `/api/packages/${encodeURIComponent(name)}`,
    );
    if (flags['json'] === true) {
      print.data(`${JSON.stringify(detail, null, 2)}\n`);
      return 0;
    }
    const list = (label: string, values: readonly string[]): string[] =>
      values.map((value, at) => `${(at === 0 ? label : '').padEnd(10)}${value}`);
    print.data(
      [
        `${detail.name} ${detail.version} ${detail.arch}${detail.published ? '' : ', not published'}`,
        detail.description,
        '',
        `license   ${detail.license}`,
        `url       ${detail.url}`,
        `origin    ${detail.origin}`,
        `size      ${size(detail.sizeBytes)}, installed ${size(detail.installedSizeBytes)}`,
        `checksum  ${detail.checksum}`,
        ...(detail.provenance === null
          ? []
          : [`made how  ${detail.provenance.address}`, `check it  ${detail.provenance.verify}`]),
        ...list('tests', testLines(detail)),
        ...list(
          'linters',
          detail.findings.map(({ linter, message }) => `[${linter}] ${message}`),
        ),
        ...list('depends', detail.depends),
        ...list('provides', detail.provides),
        ...list(
          'made of',
          detail.inputs.map(
            (input) =>
              `${input.uri} ${Object.entries(input.digest)
                .map(([k, v]) => `${k}:${v}`)
                .join(' ')}`,
          ),
        ),
        '',
      ].join('\n'),
    );
    return 0;
  },
};

/** How the tests of the recipe stand, and what waits for which. */
function testLines({ test, heldBack }: PackageDetail): readonly string[] {
  const passed = (test?.passed ?? []).map(
    (one) => `${one.package} passed in ${duration(one.durationMs)}`,
  );
  const trouble =
    test === null || test.status === 'ready'
      ? []
      : [
          `${test.key} ${test.status}${test.error === null ? '' : `: [${test.error.code}] ${test.error.message}`}`,
        ];
  const waiting =
    heldBack === null
      ? []
      : [`${heldBack.version} is built and waits for ${heldBack.tests.join(' ')}`];
  return [...passed, ...trouble, ...waiting];
}
