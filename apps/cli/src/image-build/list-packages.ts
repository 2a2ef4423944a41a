import { executeTemplate, goStruct, parseTemplate } from '@kiln/go-template';
import { lockImages, solveImages } from '@kiln/solve';
import type { ArchIndexes, GuestPackage, Solved } from '@kiln/solve';
import { wantedArchitectures } from './architectures.ts';
import { basePackagesOf } from './base-packages.ts';
import { ImageRepositories, packageOf } from './repositories.ts';
import type { ImageRequest } from './request.ts';
import { imageRequest, lockRequest, requirePackages } from './request.ts';
import type { ImageTask } from './task.ts';

/** How packages are printed that nobody says otherwise of. */
export const defaultPackageFormat = '{{ .Name }} {{ .Version }}';

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

/** The names of the formats. */
export const packageFormatNames: readonly string[] = [...formats.keys()];

/** Prints packages by the name of a format or by a template of Go. Throws `GO_TEMPLATE_…` for what is neither. */
export function packagePrinter(format: string): (one: GuestPackage) => string {
  const template = parseTemplate(formats.get(format) ?? format);
  return ({ name, version, url }) =>
    executeTemplate(template, goStruct({ Name: name, Version: version, Source: url }));
}

/** The packages of one architecture. */
export interface ListedPackages {
  /** Canonical. */
  readonly arch: string;
  /** In the order of installation. */
  readonly packages: readonly GuestPackage[];
}

/** The packages that a configuration would install. Throws for whatever is wrong. */
export async function listPackages(task: ImageTask): Promise<readonly ListedPackages[]> {
  const request = await imageRequest(task);
  requirePackages(request);
  const { config } = request;
  const archs = [...new Set(wantedArchitectures(task.archs, config.archs, task.dialect))];
  const repositories = new ImageRepositories(task);
  task.onStage?.('reading keys and indexes');
  const keys = await repositories.trusted(request, archs);
  const bases = await basePackagesOf(request, archs);
  const read = await repositories.indexes(request, {
    archs,
    keys,
    extra: (arch) => {
      const base = bases.get(arch);
      return base === undefined ? [] : [base.index];
    },
  });
  const indexes = read.map((one) => ({ ...one, basePackages: bases.get(one.arch)?.world ?? [] }));
  return solved(request, indexes).map(([arch, packages]) => ({
    arch,
    packages: packages.map((one) => packageOf(one, arch)),
  }));
}

/** Dialect `kiln` refuses what a build would refuse. */
function solved(
  request: ImageRequest,
  indexes: readonly ArchIndexes[],
): readonly (readonly [string, readonly Solved[]])[] {
  return request.dialect === 'apko'
    ? [...solveImages(lockRequest(request), indexes)]
    : lockImages(lockRequest(request), indexes).map(({ arch, packages }) => [arch, packages]);
}
