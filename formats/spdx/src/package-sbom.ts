import { createHash } from 'node:crypto';
import { fnv1a128, purlValue, spdxId } from './identifier.ts';
import { barePackage, purlRef } from './types.ts';
import type { ExtractedLicense, SpdxDocument, SpdxPackage, SpdxTool } from './types.ts';

/** A thing a package was made from. */
export interface PackageSource {
  /** Parts of its identifier after `Package-Source`. */
  readonly idParts: readonly string[];
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly downloadLocation: string;
  readonly licenseDeclared: string;
  readonly checksum: { readonly algorithm: 'sha256' | 'sha512'; readonly hex: string } | undefined;
}

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

/** The package URL of an apk. */
export function apkPurl(
  apk: Pick<PackageSbomInput, 'namespace' | 'name' | 'version' | 'arch'>,
): string {
  const distro = apk.namespace === 'unknown' ? '' : `&distro=${purlValue(apk.namespace)}`;
  return `pkg:apk/${purlValue(apk.namespace)}/${purlValue(apk.name)}@${purlValue(apk.version)}?arch=${purlValue(apk.arch)}${distro}`;
}

/** The source that a `fetch` step names; `index` is the step's number. */
export function fetchSource(fetch: {
  readonly name: string;
  readonly version: string;
  readonly index: number;
  readonly uri: string;
  readonly checksum: PackageSource['checksum'];
}): PackageSource {
  const checksum = fetch.checksum && `checksum=${fetch.checksum.algorithm}:${fetch.checksum.hex}&`;
  return {
    idParts: [fetch.name, fetch.version, String(fetch.index)],
    name: fetch.name,
    version: fetch.version,
    purl: `pkg:generic/${purlValue(fetch.name)}@${purlValue(fetch.version)}?${checksum ?? ''}download_url=${purlValue(fetch.uri)}`,
    downloadLocation: fetch.uri,
    licenseDeclared: 'NOASSERTION',
    checksum: fetch.checksum,
  };
}

export interface GitCheckout {
  /** As written. */
  readonly repository: string;
  readonly branch: string;
  readonly tag: string;
  readonly commit: string;
  readonly index: number;
  readonly licenseDeclared: string;
  /** `melange` names a tarball on its vendor's mirror where the repository is not on GitHub. */
  readonly dialect?: 'kiln' | 'melange';
}

/** The source that a `git-checkout` step names; undefined where it names neither tag nor commit. */
export function gitSource(checkout: GitCheckout): PackageSource | undefined {
  const { repository, branch, tag, commit } = checkout;
  const version = tag || commit;
  if (version === '') return undefined;
  const place = placeOf(checkout);
  return {
    idParts: [
      ...[repository.replace(/^https?:\/\//, ''), branch, tag, commit].filter(
        (part) => part !== '',
      ),
      String(checkout.index),
    ],
    name: place.name,
    version,
    purl: place.purl(version),
    downloadLocation: place.downloadLocation,
    licenseDeclared: checkout.licenseDeclared,
    checksum: undefined,
  };
}

interface Place {
  readonly name: string;
  readonly downloadLocation: string;
  purl(version: string): string;
}

function placeOf({ repository, tag, commit, dialect }: GitCheckout): Place {
  const url = URL.canParse(repository) ? new URL(repository) : undefined;
  const path = (url?.pathname ?? repository).replace(/^\//, '');
  const reference = commit || tag;
  if (url?.host === 'github.com') {
    const [owner = '', ...rest] = path.split('/');
    const name = rest.join('/').replace(/\.git$/, '');
    return {
      name,
      downloadLocation: `${url.protocol}//github.com/${owner}/${name}/archive/${reference}.tar.gz`,
      purl: (version) =>
        `pkg:github/${purlValue(owner.toLowerCase())}/${purlValue(name.toLowerCase())}@${purlValue(version)}`,
    };
  }
  const name = path.replace(/\.git$/, '');
  const address = `${repository.startsWith('git') ? '' : 'git+'}${repository}${commit === '' ? '' : `@${commit}`}`;
  return {
    name,
    downloadLocation:
      dialect === 'melange'
        ? `https://tarballs.cgr.dev/${name.slice(0, 1)}/${createHash('sha256').update(name).digest('hex')}-${reference}.tar.gz`
        : address,
    purl: (version) =>
      `pkg:generic/${purlValue(name)}@${purlValue(version)}?vcs_url=${purlValue(address)}`,
  };
}

/** The package URL of a recipe in a repository: `pkg:github/OWNER/NAME@COMMIT#FILE`, wherever the repository is. */
export function recipePurl(recipe: {
  readonly repositoryUrl: string;
  readonly commit: string;
  readonly file: string;
}): string {
  const [owner = '', ...rest] = recipe.repositoryUrl.replace('https://github.com/', '').split('/');
  const file = recipe.file
    .split('/')
    .filter((part) => !['', '.', '..'].includes(part))
    .map(purlValue)
    .join('/');
  return `pkg:github/${purlValue(owner.toLowerCase())}/${purlValue(rest.join('/').toLowerCase())}@${purlValue(recipe.commit)}#${file}`;
}

function namespaceOf(input: PackageSbomInput): string {
  const path = [input.namespace, input.name, input.arch].map(encodeURIComponent).join('/');
  return `https://spdx.org/spdxdocs/kiln/${path}/${fnv1a128(`apk-${input.namespace}-${input.version}`)}`;
}

function supplied(input: PackageSbomInput, id: string, name: string): SpdxPackage {
  const supplier = `Organization: ${titleCase(input.namespace)}`;
  return {
    ...barePackage(id, name),
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: 'NOASSERTION',
    originator: supplier,
    supplier,
  };
}

function titleCase(text: string): string {
  return text.replace(
    /(^|[^\p{L}\p{N}])(\p{L})/gu,
    (_all, before: string, letter: string) => before + letter.toUpperCase(),
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
  const { checksum } = source;
  return {
    ...supplied(input, spdxId(['Package', 'Source', ...source.idParts]), source.name),
    version: source.version,
    licenseDeclared: source.licenseDeclared || 'NOASSERTION',
    downloadLocation: source.downloadLocation,
    purpose: 'SOURCE',
    checksums:
      checksum === undefined
        ? []
        : [{ algorithm: checksum.algorithm.toUpperCase(), hex: checksum.hex }],
    externalRefs: [purlRef(source.purl)],
  };
}
