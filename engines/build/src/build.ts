import { KilnError, messageOf, type Clock } from '@kiln/base';
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
import type { GitSources } from './git-sources.ts';
import { checkHardening } from './hardening.ts';
import { readLicenseTexts } from './licences.ts';
import type { BuildLogLine } from './log.ts';
import type { BuildFailure, BuildOutcome, BuildReport, HardeningViolation } from './outcome.ts';
import type { BuildPlan } from './plan.ts';
import type { Mount, Sandbox } from './sandbox.ts';
import { sbomOf, withSbom } from './sbom.ts';
import { baseEnvironment, workspaceMount } from './script.ts';
import { fetchSources, gitVariables, type SourceCache } from './source-cache.ts';
import type { SourceFetcher } from './sources.ts';
import { runSteps, type StepRunner, type StepsResult } from './steps.ts';
import { collectTree, type PackageTree } from './tree.ts';
import type { Workspace, WorkspaceFile, WorkspacePort } from './workspace.ts';

export interface BuildRequest {
  readonly plan: BuildPlan;
  readonly sandbox: Sandbox;
  readonly sources: SourceFetcher;
  readonly git: GitSources;
  /** Holds the side files; takes sources and the segments of packages. */
  readonly blobs: BlobStore;
  readonly workspaces: WorkspacePort;
  /** Host directories that form the build environment, lowest first. */
  readonly environmentRoots: readonly string[];
  readonly clock: Clock;
  /** Where the recipe sets no timeout; default two hours. */
  readonly timeoutMs?: number;
  readonly cpus?: number;
  /** Who runs the steps and what they may reach; by default the build account, without a network. */
  readonly steps?: Pick<StepRunner, 'identity' | 'network' | 'trace' | 'hostname'>;
  /** Variables under all others, such as those that a repetition of a build varies. */
  readonly ambient?: Readonly<Record<string, string>>;
  /** Further directories for the steps. */
  readonly mounts?: readonly Mount[];
  /** `before` (default): every source is at hand by its digest before the first step; `by-steps`: steps fetch. */
  readonly fetching?: 'before' | 'by-steps';
  /** Files for the workspace before the first step, beside the plan's. */
  readonly files?: AsyncIterable<WorkspaceFile> | Iterable<WorkspaceFile>;
  /** Given: packages depend on libraries in the version that they were linked with, too (`so-ver:`). */
  readonly libraryVersions?: LibraryVersions | undefined;
  /** Looks at the trees before anything is written; what it returns ends the build. */
  inspect?(trees: readonly AnalysedTree[]): Promise<BuildFailure | undefined>;
  onLog(line: BuildLogLine): void;
  readonly signal?: AbortSignal;
}

const timeoutMsDefault = 2 * 3_600_000;

/**
 * Runs a build.
 *
 * 1. Every source is fetched by its digest or commit, outside any sandbox, before the first step.
 * 2. A fresh workspace takes the side files; sources are shown read-only beside it.
 * 3. The main pipeline and then that of each subpackage run step by step, each in a fresh sandbox without network, as
 *    uid 1000, with the plan's environment: what is fetched is also unpacked there.
 * 4. The destination trees are read back, analysed, checked for hardening, given their SBOMs and written as segments of
 *    packages into the blob store. Nothing is written before every check of every package has passed.
 *
 * A failure that the recipe causes is a value. Throws the `SOURCE_…` errors of the fetchers and what sandbox, workspace and
 * blob store throw of their own troubles. The workspace is removed in every case.
 */
export async function build(request: BuildRequest): Promise<BuildOutcome> {
  const workspace = await request.workspaces.create(workspaceName(request.plan));
  let cache: SourceCache | undefined;
  try {
    cache = await prepareSources(request);
    await prepareWorkspace(request, workspace);
    const runner = stepRunner(request, workspace, cache);
    const failed = await runPipelines(request, { workspace, runner, cache });
    if (failed !== undefined) return failed;
    const licences = await readLicenseTexts(runner, request.plan.compiled.package);
    if (licences.kind !== 'read') return licences;
    return await packageTrees(request, workspace, licences.texts);
  } catch (error) {
    if (request.signal?.aborted === true) return { kind: 'aborted' };
    if (error instanceof KilnError && refusals.has(error.code)) return treeRefused(error);
    throw error;
  } finally {
    await cache?.remove();
    await workspace.remove();
  }
}

/** For people who look into the directory; a package's name may hold characters that a workspace's may not. */
function workspaceName({ compiled }: BuildPlan): string {
  return compiled.package.name.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 80);
}

/** What the content of a tree can cause: the recipe's fault. */
const refusals = new Set([
  'BUILD_TREE_REFUSED',
  'WORKSPACE_TREE_INVALID',
  'WORKSPACE_TREE_TOO_LARGE',
  'APK_INFO_INVALID',
]);

function treeRefused(error: KilnError): BuildFailure {
  return {
    kind: 'failed',
    code: 'BUILD_TREE_REFUSED',
    message: messageOf(error),
    position: undefined,
    hint: error.hint ?? 'change the recipe so that the package does not hold it',
    findings: [],
  };
}

async function prepareSources(request: BuildRequest): Promise<SourceCache> {
  const { plan, fetching, sources, git, blobs, workspaces, signal } = request;
  return fetchSources({
    needed: fetching === 'by-steps' ? [] : plan.compiled.sources,
    name: workspaceName(plan),
    sources,
    git,
    blobs,
    workspaces,
    signal,
    onLog: (line) => request.onLog(line),
  });
}

async function prepareWorkspace(
  { plan, blobs, files = [] }: BuildRequest,
  workspace: Workspace,
): Promise<void> {
  for await (const file of files) await workspace.write(file);
  for (const file of plan.sideFiles) {
    await workspace.write({ path: file.path, mode: file.mode, content: blobs.read(file.digest) });
  }
}

interface Prepared {
  readonly workspace: Workspace;
  readonly runner: StepRunner;
  readonly cache: SourceCache;
}

async function runPipelines(
  request: BuildRequest,
  { workspace, runner, cache }: Prepared,
): Promise<StepsResult> {
  const { plan } = request;
  const { compiled } = plan;
  const base = baseEnvironment({
    layers: [request.ambient ?? {}, plan.variables, compiled.environment.environment],
    sourceDateEpoch: plan.sourceDateEpoch,
  });
  const environment = { ...base, ...gitVariables(cache, base) };
  const pipelines = [
    compiled.package,
    ...compiled.subpackages.filter(({ applies }) => applies),
  ].map((facts) => ({
    name: facts.name,
    steps: 'pipeline' in facts ? facts.pipeline : compiled.pipeline,
  }));
  for (const { name, steps } of pipelines) {
    await workspace.makeDirectory(`melange-out/${name}`);
    const result = await runSteps(runner, { steps, packageName: name, environment });
    if (result !== undefined) return result;
  }
  return undefined;
}

function stepRunner(request: BuildRequest, workspace: Workspace, cache: SourceCache): StepRunner {
  const timeoutMs =
    request.plan.compiled.package.timeoutMs ?? request.timeoutMs ?? timeoutMsDefault;
  const mounts: readonly Mount[] = [
    { source: workspace.hostPath, target: workspaceMount, readOnly: false },
    ...cache.mounts,
    ...(request.mounts ?? []),
  ];
  return {
    sandbox: request.sandbox,
    roots: request.environmentRoots,
    mounts,
    clock: request.clock,
    deadlineMs: request.clock.now() + timeoutMs,
    cpus: request.cpus,
    signal: request.signal,
    ...request.steps,
    onLog: (line) => request.onLog(line),
  };
}

async function packageTrees(
  request: BuildRequest,
  workspace: Workspace,
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
    const { tree, missing } = withCapabilities(collected, given);
    trees.push(tree);
    warnings.push(...missing.map((path) => `${name}: setcap: no file ${path}`));
  }
  const analysed = await analyseTrees(trees);
  const refused = await request.inspect?.(analysed);
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
    message: `${violations.length} hardening ${violations.length === 1 ? 'check' : 'checks'} failed`,
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
  { plan, libraryVersions }: BuildRequest,
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
    const tree = withSbom(
      subject.tree,
      `${facts.name}-${plan.fullVersion}.spdx.json`,
      sbomOf(plan, facts, licences),
    );
    ready.push({ facts, relations, tree });
  }
  return ready;
}

async function emitAll(
  { plan, blobs, signal }: BuildRequest,
  ready: readonly ReadyPackage[],
): Promise<readonly EmittedPackage[]> {
  const emitted: EmittedPackage[] = [];
  for (const { facts, relations, tree } of ready) {
    signal?.throwIfAborted();
    emitted.push(await emitPackage({ plan, facts, tree, relations, blobs }));
  }
  return emitted;
}
