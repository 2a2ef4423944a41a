import { createHash } from 'node:crypto';
import { compareWalk } from '@kiln/apk';
import { compareBytes, rfc3339 } from '@kiln/base';
import type { CompiledSubpackage, OriginFacts, RecipeDialect } from '@kiln/recipe';
import {
  LicenceNames,
  packageSbom,
  printSpdx,
  validPackage,
  type ExtractedLicense,
} from '@kiln/spdx';
import { licenseExpression } from './licences.ts';
import { cpeOf } from './cpe.ts';
import type { BuildPlan } from './plan.ts';
import { sbomSourcesOf } from './sbom-sources.ts';
import { makeTree, refused, type PackageTree } from './tree.ts';
import type { TreeEntry } from './workspace.ts';

/**
 * The SBOM of one package of the build (SPDX 2.3, JSON), valid as strict readers want it, with the texts of those licences alone
 * that SPDX does not list; in melange's dialect everything stands as melange writes it.
 */
export function sbomOf(
  plan: BuildPlan,
  facts: OriginFacts | CompiledSubpackage,
  extractedLicenses: readonly ExtractedLicense[],
): Uint8Array {
  const { compiled, recipeSource } = plan;
  const origin = compiled.package;
  const { dialect } = compiled.recipe;
  const names = new LicenceNames(extractedLicenses, '');
  const valid = (licence: string): string =>
    dialect === 'melange' ? licence : names.expression(licence);
  const licenseDeclared = valid(licenseExpression(origin.copyright, dialect));
  const recipeLicense = valid(recipeSource?.license ?? '');
  const document = packageSbom({
    namespace: plan.namespace,
    name: facts.name,
    version: plan.fullVersion,
    arch: compiled.arch,
    created: rfc3339(plan.sourceDateEpoch, plan.dateOffsetMinutes),
    tool: { name: plan.builder.name, version: plan.builder.version },
    licenseDeclared,
    copyrightText: copyrightText(plan),
    cpe: cpeOf(origin),
    // Named after the package, unless somebody says otherwise: where the recipe was read from is no input of the build.
    recipe: {
      file: recipeSource?.file ?? `${origin.name}.yaml`,
      commit: recipeSource?.commit ?? facts.commit,
      purl: recipeSource?.purl ?? '',
      licenseDeclared: recipeLicense,
    },
    ownSources: 'pipeline' in facts ? sbomSourcesOf(plan, facts.pipeline, licenseDeclared) : [],
    sources: sbomSourcesOf(plan, compiled.pipeline, licenseDeclared),
    extractedLicenses:
      dialect === 'melange'
        ? extractedLicenses
        : names.extracted.toSorted((a, b) => compareBytes(a.id, b.id)),
  });
  if (dialect === 'melange') return printSpdx(document);
  return printSpdx({ ...document, packages: document.packages.map(validPackage) });
}

/** The attestations, one below the other; the reference ends each with a line break. */
function copyrightText({ compiled: { package: origin, recipe } }: BuildPlan): string {
  const texts = origin.copyright
    .map(({ attestation }) => attestation)
    .filter((text) => text !== '');
  return recipe.dialect === 'kiln'
    ? texts.map((text) => text.trim()).join('\n')
    : texts.map((text) => `${text}\n`).join('');
}

/**
 * The tree with its SBOM in place. Throws `BUILD_TREE_REFUSED` when the package brings something of that name; melange writes
 * over a file, which keeps its mode and owner.
 */
export function withSbom(
  tree: PackageTree,
  { fileName, sbom, dialect }: { fileName: string; sbom: Uint8Array; dialect: RecipeDialect },
): PackageTree {
  const path = `${sbomDirectory}/${fileName}`;
  const taken = tree.byPath.get(path);
  if (taken !== undefined && (dialect === 'kiln' || taken.kind !== 'file'))
    throw refused(tree.packageName, path, 'is where the SBOM goes');
  const parents = ['var', 'var/lib', 'var/lib/db', sbomDirectory];
  const added: TreeEntry[] = [];
  for (const parent of parents) {
    const present = tree.byPath.get(parent);
    if (present === undefined) added.push({ ...ownedByBuild(parent, 0o755), kind: 'directory' });
    else if (present.kind !== 'directory')
      throw refused(tree.packageName, parent, 'must be a directory for the SBOM');
  }
  added.push({
    ...(taken ?? ownedByBuild(path, 0o644)),
    kind: 'file',
    sizeBytes: sbom.length,
    sha1: createHash('sha1').update(sbom).digest('hex'),
    open: () => once(sbom),
    range: (start, end) => Promise.resolve(sbom.subarray(start, end)),
  });
  return makeTree(
    tree.packageName,
    [...tree.entries.filter((entry) => entry !== taken), ...added].sort((a, b) =>
      compareWalk(a.path, b.path),
    ),
  );
}

const sbomDirectory = 'var/lib/db/sbom';

function ownedByBuild(
  path: string,
  mode: number,
): { path: string; mode: number; uid: number; gid: number; xattrs: Map<string, Uint8Array> } {
  return { path, mode, uid: 0, gid: 0, xattrs: new Map() };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
