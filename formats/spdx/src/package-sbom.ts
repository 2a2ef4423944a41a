import { fnv1a128, spdxId } from './identifier.ts';
import type { PackageSource } from './package-source.ts';
import { apkPurl } from './purl.ts';
import { barePackage, purlRef } from './types.ts';
import type { ExtractedLicense, SpdxDocument, SpdxPackage, SpdxTool } from './types.ts';

export interface PackageSbomInput {
  /** The distribution, such as `kiln`; `unknown` leaves it out of package URLs. */
  readonly namespace: string;
  readonly name: string;
  /** Full version. */
  readonly version: string;
  readonly arch: string;
  /** RFC 3339, UTC. */
  readonly created: string;
  readonly tool: SpdxTool;
  readonly licenseDeclared: string;
  readonly copyrightText: string;
  /** CPE 2.3 formatted string, or "". */
  readonly cpe: string;
  readonly recipe: RecipeSource | undefined;
  /** Sources of a subpackage's own pipeline; listed before the recipe. */
  readonly ownSources: readonly PackageSource[];
  /** Sources of the main pipeline. */
  readonly sources: readonly PackageSource[];
  readonly extractedLicenses: readonly ExtractedLicense[];
}

export interface RecipeSource {
  readonly file: string;
  readonly commit: string;
  readonly purl: string;
  readonly licenseDeclared: string;
}

/**
 * The SBOM of one apk (SPDX 2.3): the package, its distribution, the recipe that describes it and the sources it was
 * generated from. Pure; the namespace differs by distribution, name, architecture and version.
 */
export function packageSbom(input: PackageSbomInput): SpdxDocument {
  const apk = apkPackage(input);
  const recipe = input.recipe && recipePackage(input, input.recipe);
  const own = input.ownSources.map((source) => sourcePackage(input, source));
  const main = input.sources.map((source) => sourcePackage(input, source));
  const described =
    recipe === undefined ? [] : [{ from: apk.id, type: 'DESCRIBED_BY', to: recipe.id }];
  const generated = (from: readonly SpdxPackage[]): SpdxDocument['relationships'] =>
    from.map(({ id }) => ({ from: apk.id, type: 'GENERATED_FROM', to: id }));
  return {
    name: `apk-${input.name}-${input.version}`,
    created: input.created,
    creators: [`Tool: ${input.tool.name} (${input.tool.version})`],
    licenseListVersion: '3.22',
    namespace: namespaceOf(input),
    describes: [apk.id],
    packages: [
      systemPackage(input),
      apk,
      ...own,
      ...(recipe === undefined ? [] : [recipe]),
      ...main,
    ],
    relationships: [...generated(own), ...described, ...generated(main)],
    extractedLicenses: input.extractedLicenses,
  };
}

function namespaceOf(input: PackageSbomInput): string {
  const path = [input.namespace, input.name, input.arch].map(encodeURIComponent).join('/');
  return `https://spdx.org/spdxdocs/kiln/${path}/${fnv1a128(`apk-${input.namespace}-${input.version}`)}`;
}

function supplied(
  input: Pick<PackageSbomInput, 'namespace'>,
  id: string,
  name: string,
): SpdxPackage {
  const supplier = `Organization: ${titleCase(input.namespace)}`;
  return {
    ...barePackage(id, name),
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: 'NOASSERTION',
    originator: supplier,
    supplier,
  };
}

/** Words begin with a capital and go on in small letters; an apostrophe, a dot or a colon inside of one does not end it. */
function titleCase(text: string): string {
  return text.replace(
    /(\p{Cased})([\p{L}\p{M}\p{N}\p{Pc}\p{Cf}]*(?:['.:·‘’․][\p{L}\p{M}\p{N}\p{Pc}\p{Cf}]+)*)/gu,
    (_all, first: string, rest: string) => {
      const [head = '', ...tail] = first.toUpperCase();
      return head + tail.join('').toLowerCase() + rest.toLowerCase();
    },
  );
}

function systemPackage(input: PackageSbomInput): SpdxPackage {
  return {
    ...supplied(input, 'SPDXRef-OperatingSystem', input.namespace),
    description: 'Operating System',
    purpose: 'OPERATING-SYSTEM',
  };
}

function apkPackage(input: PackageSbomInput): SpdxPackage {
  const cpe =
    input.cpe === '' ? [] : [{ category: 'SECURITY', locator: input.cpe, type: 'cpe23Type' }];
  return {
    ...supplied(input, spdxId(['Package', 'apk', input.name, input.version]), input.name),
    version: input.version,
    licenseDeclared: input.licenseDeclared || 'NOASSERTION',
    copyrightText: input.copyrightText || 'NOASSERTION',
    purpose: 'APPLICATION',
    externalRefs: [purlRef(apkPurl(input)), ...cpe],
  };
}

function recipePackage(input: PackageSbomInput, recipe: RecipeSource): SpdxPackage {
  return {
    ...supplied(input, spdxId(['Package', 'Melange', recipe.file, recipe.commit]), recipe.file),
    version: recipe.commit,
    licenseDeclared: recipe.licenseDeclared || 'NOASSERTION',
    purpose: 'INSTALL',
    externalRefs: recipe.purl === '' ? [] : [purlRef(recipe.purl)],
  };
}

function sourcePackage(input: PackageSbomInput, source: PackageSource): SpdxPackage {
  const by = { namespace: source.supplier ?? input.namespace };
  return {
    ...supplied(by, spdxId(['Package', 'Source', ...source.idParts]), source.name),
    version: source.version,
    licenseDeclared: source.licenseDeclared || 'NOASSERTION',
    downloadLocation: source.downloadLocation || 'NOASSERTION',
    purpose: 'SOURCE',
    checksums: source.checksums.map(({ algorithm, hex }) => ({
      algorithm: algorithm.toUpperCase(),
      hex,
    })),
    externalRefs: [purlRef(source.purl)],
  };
}
