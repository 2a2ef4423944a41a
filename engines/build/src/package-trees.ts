import { counted } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { CompiledSubpackage, OriginFacts } from '@kiln/recipe';
import type { ExtractedLicense } from '@kiln/spdx';
import {
  analyseTrees,
  packagesOf,
  relationsOf,
  type AnalysedTree,
  type PackageRelations,
} from './analyse.ts';
import type { LibraryVersions } from './analysis/library-versions.ts';
import { withCapabilities } from './capabilities.ts';
import { emitPackage, type EmitRequest, type EmittedPackage } from './emit.ts';
import { checkHardening } from './hardening.ts';
import type { BuildFailure, BuildOutcome, BuildReport, HardeningViolation } from './outcome.ts';
import type { BuildPlan } from './plan.ts';
import { sbomOf, withSbom } from './sbom.ts';
import { collectTree, type PackageTree } from './tree.ts';
import type { Workspace, WorkspaceFiles } from './workspace.ts';

export interface PackageTreesRequest {
  readonly plan: BuildPlan;
  /** Holds the side files; takes sources and the segments of packages. */
  readonly blobs: BlobStore;
  /** Given: packages depend on libraries in the version that they were linked with, too (`so-ver:`). */
  readonly libraryVersions?: LibraryVersions | undefined;
  /** Looks at the trees before anything is written; what it returns ends the build. */
  inspect?(
    trees: readonly AnalysedTree[],
    files: WorkspaceFiles,
  ): Promise<BuildFailure | undefined>;
  readonly signal?: AbortSignal;
}

/**
 * Reads the destination trees back, analyses and checks them, and writes the packages: nothing before every check of every
 * package has passed.
 */
export async function packageTrees(
  request: PackageTreesRequest,
  workspace: Pick<Workspace, 'readTree'> & WorkspaceFiles,
  licences: readonly ExtractedLicense[],
): Promise<BuildOutcome> {
  const packages = packagesOf(request.plan.compiled);
  const trees: PackageTree[] = [];
  const warnings: string[] = [];
  const { dialect } = request.plan.compiled.recipe;
  for (const [index, { name, capabilities }] of packages.entries()) {
    const collected = await collectTree(name, workspace.readTree(name), dialect);
    // melange gives none to the files of subpackages.
    const given = dialect === 'melange' && index > 0 ? [] : capabilities;
    const { tree, missing } = withCapabilities(collected, given, dialect);
    trees.push(tree);
    warnings.push(...missing.map((path) => `${name}: setcap: no file ${path}`));
  }
  const analysed = await analyseTrees(trees, dialect);
  const refused = await request.inspect?.(analysed, workspace);
  if (refused !== undefined) return refused;
  // Hardening is Kiln's demand, not melange's.
  const hardening = checkHardening(
    dialect === 'kiln' ? analysed : [],
    request.plan.compiled.hardeningExceptions,
  );
  const unexcused = hardening.violations.filter(({ excuse }) => excuse === undefined);
  if (unexcused.length > 0) return notHardened(unexcused);
  const ready = await prepareAll(request, { packages, analysed, licences });
  const report: BuildReport = {
    excused: hardening.violations,
    unusedExceptions: hardening.unused.map(({ path, check }) => `${path} ${check}`),
    warnings: [
      ...warnings,
      ...analysed.flatMap(({ elves }) => elves.broken),
      ...ready.flatMap(({ relations }) => relations.warnings),
    ],
  };
  return { kind: 'built', packages: await emitAll(request, ready), report };
}

function notHardened(violations: readonly HardeningViolation[]): BuildFailure {
  return {
    kind: 'failed',
    code: 'BUILD_HARDENING_FAILED',
    message: `${counted(violations.length, 'hardening check')} failed`,
    position: undefined,
    hint: 'pass the compiler and linker options of the environment on, or excuse the file with a reason under kiln.hardening.exceptions',
    findings: violations.map(
      ({ packageName, path, check, detail }) => `${packageName}: ${path}: ${check}: ${detail}`,
    ),
  };
}

interface CheckedPackages {
  readonly packages: readonly (OriginFacts | CompiledSubpackage)[];
  readonly analysed: readonly AnalysedTree[];
  readonly licences: readonly ExtractedLicense[];
}

type ReadyPackage = Pick<EmitRequest, 'facts' | 'tree'> & { readonly relations: PackageRelations };

/** Derives the relations of each package and gives it its SBOM. */
async function prepareAll(
  { plan, libraryVersions }: PackageTreesRequest,
  { packages, analysed, licences }: CheckedPackages,
): Promise<readonly ReadyPackage[]> {
  const ready: ReadyPackage[] = [];
  for (const [index, facts] of packages.entries()) {
    const subject = analysed[index];
    if (subject === undefined) continue;
    const relations = await relationsOf({
      subject,
      relatives: analysed,
      facts,
      version: plan.fullVersion,
      libraryVersions,
      dialect: plan.compiled.recipe.dialect,
    });
    const tree = withSbom(subject.tree, {
      fileName: `${facts.name}-${plan.fullVersion}.spdx.json`,
      sbom: sbomOf(plan, facts, licences),
      dialect: plan.compiled.recipe.dialect,
    });
    ready.push({ facts, relations, tree });
  }
  return ready;
}

async function emitAll(
  { plan, blobs, signal }: PackageTreesRequest,
  ready: readonly ReadyPackage[],
): Promise<readonly EmittedPackage[]> {
  const emitted: EmittedPackage[] = [];
  for (const { facts, relations, tree } of ready) {
    signal?.throwIfAborted();
    emitted.push(await emitPackage({ plan, facts, tree, relations, blobs }));
  }
  return emitted;
}
