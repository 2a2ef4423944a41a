import { executeTemplate, goStruct, parseTemplate } from '@kiln/go-template';
import { solveImages } from '@kiln/solve';
import type { DropInInvocation, Subcommand } from '../../drop-in/subcommand.ts';
import { wantedArchitectures } from '../architectures.ts';
import { baseImageOf, baseIndex, baseWorld } from '../base-image.ts';
import { appendFlags, archFlag, cacheFlags } from '../flags.ts';
import { ImageRepositories, packageOf } from '../repositories.ts';
import { imageRequest, lockRequest } from '../request.ts';

const formats: ReadonlyMap<string, string> = new Map([
  ['name-version', '{{ .Name }} {{ .Version }}'],
  ['name-version-source', '{{ .Name }} {{ .Version }} {{ .Source }}'],
  ['name=version', '{{ .Name }}={{ .Version }}'],
  ['name=version-source', '{{ .Name }}={{ .Version }} {{ .Source }}'],
  ['name-(version)', '{{ .Name }} ({{ .Version }})'],
  ['name-(version)-source', '{{ .Name }} ({{ .Version }}) {{ .Source }}'],
  ['packagelock', '- {{ .Name }}={{ .Version }}'],
  ['packagelock-source', '- {{ .Name }}={{ .Version }} # {{ .Source }}'],
]);

export const showPackages: Subcommand = {
  name: 'show-packages',
  usage: '<config.yaml>',
  summary: 'Print the packages that a configuration would install',
  description: `Print the packages that a configuration would install, in the order of installation, one a line. --format is one of ${[...formats.keys()].join(', ')}, or a template of Go with .Name, .Version and .Source.`,
  examples: [
    'kiln apko show-packages nginx.yaml --arch x86_64',
    'kiln apko show-packages --format packagelock nginx.yaml',
  ],
  positionals: { min: 1, max: 1 },
  flags: {
    ...appendFlags,
    ...archFlag,
    ...cacheFlags,
    format: {
      type: 'string',
      default: '{{ .Name }} {{ .Version }}',
      help: 'how a package is printed',
    },
  },
  run: printPackages,
};

async function printPackages(invocation: DropInInvocation): Promise<void> {
  const { flags, positionals, log, write } = invocation;
  const [file = ''] = positionals;
  const request = imageRequest(invocation, file, {});
  const archs = [...new Set(wantedArchitectures(flags.list('arch'), request.config.archs))];
  const format = flags.string('format');
  const template = parseTemplate(formats.get(format) ?? format);
  const repositories = new ImageRepositories(invocation, { cache: true });
  const keys = await repositories.keys(request);
  const bases = new Map(archs.map((arch) => [arch, baseImageOf(request, arch)] as const));
  const read = await repositories.indexes(request, {
    archs,
    keys,
    extra: (arch) => {
      const base = bases.get(arch);
      return base === undefined ? [] : [baseIndex(base)];
    },
  });
  const indexes = read.map((one) => ({ ...one, basePackages: baseWorld(bases.get(one.arch)) }));
  for (const [arch, packages] of solveImages(lockRequest(request), indexes)) {
    if (archs.length !== 1) log.info(`packages for ${arch}`);
    for (const one of packages) {
      const { name, version, url } = packageOf(one, arch);
      const line = executeTemplate(
        template,
        goStruct({ Name: name, Version: version, Source: url }),
      );
      write(`${line}\n`);
    }
  }
}
