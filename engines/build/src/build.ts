import { KilnError, assert, messageOf, type Clock } from '@kiln/base';
import type { GitSources } from './git-sources.ts';
import { readLicenseTexts } from './licences.ts';
import type { BuildLogLine } from './log.ts';
import {
  judgeNetwork,
  networkVariables,
  type NetworkObserver,
  type NetworkRecord,
  type ObservedNetwork,
} from './network.ts';
import type { BuildFailure, BuildOutcome } from './outcome.ts';
import { packageTrees, type PackageTreesRequest } from './package-trees.ts';
import type { BuildPlan } from './plan.ts';
import { pipelinesOf, variablesOf } from './progress.ts';
import type { Mount, Sandbox } from './sandbox.ts';
import { workspaceMount } from './script.ts';
import { fetchSources, gitVariables, type SourceCache } from './source-cache.ts';
import type { SourceFetcher } from './sources.ts';
import { StepRun, type StepRunner, type StepsResult } from './steps.ts';
import type { Workspace, WorkspaceFile, WorkspacePort } from './workspace.ts';

export interface BuildRequest extends PackageTreesRequest {
  readonly sandbox: Sandbox;
  readonly sources: SourceFetcher;
  readonly git: GitSources;
  readonly workspaces: WorkspacePort;
  /** Host directories that form the build environment, lowest first. */
  readonly environmentRoots: readonly string[];
  readonly clock: Clock;
  /** Where the recipe sets no timeout; default two hours. */
  readonly timeoutMs?: number;
  readonly cpus?: number;
  /** Who runs the steps and what they may reach; by default the build account, without a network. */
  readonly steps?: Pick<
    StepRunner,
    'identity' | 'network' | 'trace' | 'hostname' | 'keptRoot' | 'onFailed'
  >;
  /** Who lets the steps of a plan with a network reach it, and what is known of its answers. */
  readonly observer?: NetworkObserver;
  readonly knownAnswers?: NetworkRecord | undefined;
  /** Variables under all others, such as those that a repetition of a build varies. */
  readonly ambient?: Readonly<Record<string, string>>;
  /** Further directories for the steps. */
  readonly mounts?: readonly Mount[];
  /** `before` (default): every source is at hand by its digest before the first step; `by-steps`: steps fetch. */
  readonly fetching?: 'before' | 'by-steps';
  /** Files for the workspace before the first step, beside the plan's. */
  readonly files?: AsyncIterable<WorkspaceFile> | Iterable<WorkspaceFile>;
  /** What a build of the same plan, as far as it got, left behind (`resumeFrom` says whether it is). */
  readonly resume?: UnfinishedBuild;
  /** Takes the workspace of a build that ended after its first step began, but without packages; else it is removed. */
  onUnfinished?(left: UnfinishedBuild): Promise<void>;
  onLog(line: BuildLogLine): void;
}

/** A workspace, and how many steps were done in it; what the next one had begun is in it too. */
export interface UnfinishedBuild {
  readonly workspace: Workspace;
  /** Of the list of all steps. */
  readonly stepsDone: number;
}

const timeoutMsDefault = 2 * 3_600_000;

/**
 * Runs a build.
 *
 * 1. Every source is fetched by its digest or commit, outside any sandbox, before the first step.
 * 2. A fresh workspace takes the side files; sources are shown read-only beside it.
 * 3. The main pipeline and then that of each subpackage run step by step, each in a fresh sandbox without network, or with
 *    the one that `observer` answers where the plan says so, as uid 1000, with the plan's environment: what is fetched is also unpacked there.
 * 4. The destination trees are read back, analysed, checked for hardening, given their SBOMs and written as segments of
 *    packages into the blob store. Nothing is written before every check of every package has passed.
 *
 * A failure that the recipe causes is a value. Throws the `SOURCE_…` errors of the fetchers and what sandbox, workspace and
 * blob store throw of their own troubles. The workspace is removed in every case, unless `onUnfinished` takes it.
 */
export async function build(request: BuildRequest): Promise<BuildOutcome> {
  const { resume, workspaces, plan } = request;
  const workspace = resume?.workspace ?? (await workspaces.create(workspaceName(plan)));
  const state: BuildState = { stepsDone: resume?.stepsDone ?? 0, began: resume !== undefined };
  let outcome: BuildOutcome | undefined;
  try {
    outcome = await buildIn(request, workspace, state);
    return withPlace(outcome, plan);
  } catch (error) {
    if (request.signal?.aborted === true) return { kind: 'aborted' };
    if (error instanceof KilnError && refusals.has(error.code))
      return withPlace(treeRefused(error), plan);
    throw error;
  } finally {
    if (outcome?.kind !== 'built' && state.began && request.onUnfinished !== undefined)
      await request.onUnfinished({ workspace, stepsDone: state.stepsDone });
    else await workspace.remove();
  }
}

/** What is wrong with a package stands in no line of the recipe: its place is that of the package. */
function withPlace(outcome: BuildOutcome, { compiled }: BuildPlan): BuildOutcome {
  if (outcome.kind !== 'failed') return outcome;
  return { ...outcome, position: outcome.position ?? compiled.package.position };
}

/** How far a build got. */
interface BuildState {
  stepsDone: number;
  /** Whether a step was started. */
  began: boolean;
}

async function buildIn(
  request: BuildRequest,
  workspace: Workspace,
  state: BuildState,
): Promise<BuildOutcome> {
  const cache = await prepareSources(request);
  let network: ObservedNetwork | undefined;
  try {
    network = await openNetwork(request);
    if (request.resume === undefined) await prepareWorkspace(request, workspace);
    const runner = stepRunner(request, { workspace, cache, network });
    const result = await runPipelines(request, { workspace, runner, cache, network, state });
    const failed = judgeNetwork(network, result, request.plan.compiled.package.position);
    if (failed !== undefined) return failed;
    const licences = await readLicenseTexts(
      runner,
      request.plan.compiled.package,
      request.plan.compiled.recipe.dialect,
    );
    if (licences.kind !== 'read') return licences;
    const outcome = await packageTrees(request, workspace, licences.texts);
    return outcome.kind === 'built' && network !== undefined
      ? { ...outcome, network: network.record() }
      : outcome;
  } finally {
    await network?.close();
    await cache.remove();
  }
}

async function openNetwork(request: BuildRequest): Promise<ObservedNetwork | undefined> {
  if (request.plan.network !== 'observed') return undefined;
  assert(request.observer !== undefined, 'somebody observes the network of a plan that has one');
  return request.observer.open({
    known: request.knownAnswers,
    onLog: (line) => request.onLog(line),
  });
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
  readonly network: ObservedNetwork | undefined;
  readonly state: BuildState;
}

/** Runs all steps but those that are done already, of which the state keeps the number. */
async function runPipelines(
  request: BuildRequest,
  { workspace, runner, cache, network, state }: Prepared,
): Promise<StepsResult> {
  const variables = networkVariables(variablesOf(request.plan, request.ambient), network);
  const run = new StepRun(runner, { ...variables, ...gitVariables(cache, variables) });
  let first = 0;
  for (const { name, steps } of pipelinesOf(request.plan.compiled)) {
    // A tree that steps have worked on is what they made of it.
    if (state.stepsDone <= first) await workspace.makeDirectory(`melange-out/${name}`);
    for (const listed of steps.slice(Math.max(0, state.stepsDone - first))) {
      state.began = true;
      const result = await run.step(listed);
      if (result !== undefined) return result;
      state.stepsDone += 1;
    }
    first += steps.length;
  }
  return undefined;
}

function stepRunner(
  request: BuildRequest,
  { workspace, cache, network }: Pick<Prepared, 'workspace' | 'cache' | 'network'>,
): StepRunner {
  // No time at all is as good as none that is stated.
  const stated = Math.max(0, request.plan.compiled.package.timeoutMs ?? 0);
  const timeoutMs = stated || (request.timeoutMs ?? timeoutMsDefault);
  const mounts: readonly Mount[] = [
    { source: workspace.hostPath, target: workspaceMount, readOnly: false },
    ...cache.mounts,
    ...(network?.mounts ?? []),
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
    ...(network === undefined ? {} : { relay: network.relay }),
    onLog: (line) => request.onLog(line),
  };
}
