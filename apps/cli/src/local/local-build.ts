import fs from 'node:fs';
import path from 'node:path';
import type { IndexRecord } from '@kiln/apk';
import type { SigningKey } from '@kiln/apk-files';
import { systemClock } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import { ScratchBlobs } from '@kiln/blobs-fs';
import {
  actionInputs,
  build,
  compilerFiles,
  libraryVersions,
  networkRecord,
  planBuild,
  type AnalysedTree,
  type BuildFailure,
  type BuildLogLine,
  type BuildPlan,
  type BuildReport,
  type BuildRequest,
  type EmittedPackage,
  type GitSources,
  type LibraryVersions,
  type NetworkObserver,
  type NetworkRecord,
  type NetworkRecords,
  type PlanInputs,
  type SideFile,
  type SourceFetcher,
  type StepIdentity,
  type WorkspaceFile,
  type WorkspaceFiles,
} from '@kiln/build';
import type { CompiledRecipe } from '@kiln/recipe';
import type { GuestRequest } from '@kiln/solve';
import { folderPlace } from '../folder-place.ts';
import type { ActionCache } from './action-cache.ts';
import { failureOf, placedUnsolved } from './build-failure.ts';
import { DebuggedRun, type Debugging } from './debugging.ts';
import type { Guest, LocalGuests, ResolvedGuest } from './guest.ts';
import { emptyFolder, folderWorkspaces, type WorkspaceFolder } from './folder-workspace.ts';
import {
  hostMounts,
  identityOf,
  keptRootIn,
  ownersOf,
  withScratch,
  type Scratch,
} from './runner.ts';
import { writeApk } from './write-apk.ts';
import { isDirectory, sourceFiles } from './source-directory.ts';

export interface LocalBuildRequest {
  readonly compiled: CompiledRecipe;
  readonly guests: LocalGuests;
  readonly appended: NonNullable<GuestRequest['appended']>;
  /** Its files fill the workspace; undefined: the workspace is empty. */
  readonly sourceDirectory: string | undefined;
  readonly plan: Pick<
    PlanInputs,
    | 'sourceDateEpoch'
    | 'namespace'
    | 'maintainer'
    | 'builder'
    | 'recipeSource'
    | 'dateOffsetMinutes'
    | 'stripOrigin'
    | 'network'
  > & { readonly variables?: PlanInputs['variables'] };
  /** The workspace; by default one that goes with the build. */
  readonly workspace?: WorkspaceFolder | undefined;
  /** For all steps together, where the recipe states no time. */
  readonly timeoutMs?: number;
  readonly sources: SourceFetcher;
  readonly git: GitSources;
  /** Keeps sources and the segments of packages; by default a store that goes with the build. */
  readonly blobs?: BlobStore;
  /** Results of builds; without one every build runs. */
  readonly actions?: ActionCache;
  /** The folder of `ARCH/NAME-VERSION.apk`. */
  readonly outDirectory: string;
  /** False: nothing is written there, only into the blob store. */
  readonly write?: boolean;
  readonly key: SigningKey | undefined;
  readonly network: 'none' | 'host';
  /** Who observes the network of a plan that has one, what earlier builds got there, and what this one has to get. */
  readonly observed?: ObservedBuild | undefined;
  /** Shown to the steps as `/var/cache/melange`. */
  readonly cacheDirectory?: string | undefined;
  readonly trace?: boolean;
  /** For people who look into what fails. */
  readonly debugging?: Debugging;
  /** How this build's surroundings differ from the usual; for repetitions. */
  readonly surroundings?: Surroundings;
  /** Packages depend on libraries in the version that they were linked with, too. */
  readonly versionedLibraries?: boolean;
  inspect?(
    trees: readonly AnalysedTree[],
    plan: BuildPlan,
    files: WorkspaceFiles,
  ): Promise<BuildFailure | undefined>;
  /** Looks at the finished packages before the first is written; what it throws ends the build, whose result is known then. */
  accept?(built: FinishedBuild): Promise<void>;
  onLog(line: BuildLogLine): void;
  /** Local directories given as repositories that have no index yet. */
  onMissingIndex?(directory: string): void;
  readonly signal?: AbortSignal;
}

/** What came out of a build, none of it written yet. */
export interface FinishedBuild {
  readonly packages: readonly EmittedPackage[];
  readonly guest: ResolvedGuest;
}

export interface ObservedBuild {
  readonly observer: NetworkObserver;
  readonly records: NetworkRecords;
  readonly pinned?: NetworkRecord | undefined;
}

export interface WrittenPackage {
  readonly file: string;
  readonly record: IndexRecord;
  readonly emitted: EmittedPackage;
}

export interface LocalBuildResult {
  /** Whether the result was known, so that nothing ran. */
  readonly known: boolean;
  readonly packages: readonly WrittenPackage[];
  readonly plan: BuildPlan;
  readonly guest: ResolvedGuest;
  /** Undefined where nothing ran. */
  readonly report: BuildReport | undefined;
  /** A step was done by hand or by another build: the packages are good for a look, and are not kept as a result. */
  readonly touched: boolean;
  /** What the steps got from the network, where something ran and had one. */
  readonly network: NetworkRecord | undefined;
}

/** What a build must not depend on. */
export interface Surroundings {
  readonly hostname: string;
  readonly cpus: number;
  readonly variables: Readonly<Record<string, string>>;
}

/** The plan of a build: what would be built of what. Resolves and makes the guest, and runs nothing. */
export async function planLocally(
  request: LocalBuildRequest,
): Promise<{ readonly plan: BuildPlan; readonly guest: Guest; readonly resolved: ResolvedGuest }> {
  const { compiled, guests, signal } = request;
  const melange = compiled.recipe.dialect === 'melange';
  const resolved = await guests
    .resolve(
      {
        environment: compiled.environment,
        arch: compiled.arch,
        appended: request.appended,
        dialect: melange ? 'apko' : 'kiln',
      },
      signal,
    )
    .catch((error: unknown) => {
      throw placedUnsolved(error, compiled.package.position);
    });
  for (const directory of resolved.missing) request.onMissingIndex?.(directory);
  const guest = await guests.make(resolved.lock, {
    repositories: request.appended.repositories ?? [],
    ...(signal === undefined ? {} : { signal }),
  });
  const sideFiles = melange ? [] : await storedFiles(request);
  return { plan: planOf(request, { resolved, guest, sideFiles }), guest, resolved };
}

/**
 * Builds a compiled recipe on this machine, without a factory: resolves and makes its guest, runs its steps, and writes
 * its packages, each whole or not at all. Throws the build's failure under its code, with the last lines of its findings,
 * and what guests, sandboxes and files throw.
 */
export async function buildLocally(request: LocalBuildRequest): Promise<LocalBuildResult> {
  const { compiled } = request;
  const { plan, guest, resolved } = await planLocally(request);
  const known = await request.actions?.get(plan.action);
  const identity = identityOf(compiled.recipe, compiled.environment);
  const prepared = { ...request, plan, guest, resolved, identity };
  if (known !== undefined && request.blobs !== undefined) {
    await request.accept?.({ packages: known, guest: resolved });
    const packages = await writePackages(prepared, request.blobs, known);
    return {
      known: true,
      packages,
      plan,
      guest: resolved,
      report: undefined,
      touched: false,
      network: undefined,
    };
  }
  const run = await request.debugging?.kept?.makeRun();
  const { privileges } = identity;
  const { dialect } = compiled.recipe;
  return withScratch({ privileges, dialect }, (scratch) => buildIn(scratch, prepared), run);
}

/** The files of the source directory in the blob store: their digests are part of the action. */
async function storedFiles({
  sourceDirectory,
  blobs,
}: LocalBuildRequest): Promise<readonly SideFile[]> {
  if (sourceDirectory === undefined || blobs === undefined) return [];
  const files: SideFile[] = [];
  for (const file of sourceFiles(sourceDirectory, 'follow')) {
    const { digest } = await blobs.put(file.content);
    files.push({ path: file.path, mode: file.mode & 0o111 ? 0o755 : 0o644, digest });
  }
  return files;
}

interface PlanParts {
  readonly resolved: ResolvedGuest;
  readonly guest: Guest;
  readonly sideFiles: readonly SideFile[];
}

function planOf(request: LocalBuildRequest, { resolved, guest, sideFiles }: PlanParts): BuildPlan {
  const { compiled } = request;
  return planBuild({
    compiled,
    sideFiles,
    environment: resolved.lock.packages.map(({ name, version, checksum }) => ({
      name,
      version,
      checksum,
    })),
    variables: {},
    // Where the repositories are is no part of what `kiln package` builds; melange writes it into every package.
    ...(compiled.recipe.dialect === 'melange' ? { guest: resolved.lock.config } : {}),
    owners: {
      users: new Map(guest.users.map(({ uid, name }) => [uid, name])),
      groups: new Map(guest.groups.map(({ gid, name }) => [gid, name])),
    },
    ...request.plan,
  });
}

interface Prepared extends Omit<LocalBuildRequest, 'plan'> {
  readonly plan: BuildPlan;
  readonly guest: Guest;
  readonly resolved: ResolvedGuest;
  readonly identity: StepIdentity;
}

async function buildIn(scratch: Scratch, request: Prepared): Promise<LocalBuildResult> {
  const { plan, signal, debugging = quietly } = request;
  const blobs = request.blobs ?? new ScratchBlobs(path.join(scratch.folder, 'blobs'));
  const run = new DebuggedRun(debugging, request);
  const resume = await run.resume(scratch);
  const outcome = await build({
    ...buildRequestOf(scratch, { ...request, blobs }, run),
    ...(await observedWith(request)),
    ...(resume === undefined ? {} : { resume }),
    onUnfinished: (left) => run.keep(scratch.folder, left),
  });
  if (outcome.kind === 'aborted') throw signal?.reason ?? new Error('the build was stopped');
  if (outcome.kind === 'failed') throw failureOf(run.explained(outcome));
  await run.done();
  if (request.workspace?.after === 'leave') await emptyFolder(request.workspace.path);
  const { touched } = run;
  const { report, network } = outcome;
  if (!touched) await remember(request, outcome.packages);
  if (!touched && network !== undefined) await request.observed?.records.put(plan.action, network);
  await request.accept?.({ packages: outcome.packages, guest: request.resolved });
  const packages = await writePackages(request, blobs, outcome.packages);
  return { known: false, packages, plan, guest: request.resolved, report, touched, network };
}

async function remember(
  { actions, plan, compiled }: Prepared,
  emitted: readonly EmittedPackage[],
): Promise<void> {
  await actions?.put(plan.action, emitted);
  const subject = { name: compiled.package.name, arch: compiled.arch };
  await actions?.putInputs(subject, actionInputs(plan));
}

const quietly: Debugging = { onTalk: () => undefined };

function buildRequestOf(
  scratch: Scratch,
  request: Prepared & { readonly blobs: BlobStore },
  run: DebuggedRun,
): BuildRequest {
  const { sandbox, workspaces } = scratch;
  const { plan, compiled, identity, signal, surroundings, blobs } = request;
  return {
    plan,
    sandbox,
    sources: request.sources,
    git: request.git,
    blobs,
    workspaces:
      request.workspace === undefined
        ? workspaces
        : folderWorkspaces(request.workspace, {
            owners: ownersOf(identity),
            dialect: compiled.recipe.dialect,
          }),
    ...(request.timeoutMs === undefined ? {} : { timeoutMs: request.timeoutMs }),
    environmentRoots: [request.guest.root],
    clock: systemClock,
    steps: {
      identity,
      network: request.network,
      trace: request.trace === true ? 'trace' : 'quiet',
      ...keptRootIn(scratch, compiled.recipe),
      onFailed: (failed) => run.failed(sandbox, failed),
      ...(surroundings === undefined ? {} : { hostname: surroundings.hostname }),
    },
    ...(surroundings === undefined
      ? {}
      : { cpus: surroundings.cpus, ambient: surroundings.variables }),
    mounts: hostMounts(request),
    fetching: compiled.recipe.dialect === 'melange' ? 'by-steps' : 'before',
    files: filesOf(request),
    libraryVersions: request.versionedLibraries === true ? versionsOf(request) : undefined,
    inspect: async (trees, files) => request.inspect?.(trees, plan, files),
    onLog: (line) => request.onLog(line),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** A known answer comes from the record that was given, or from the one of a build of the same action. */
async function observedWith({
  plan,
  observed,
}: Prepared): Promise<Pick<BuildRequest, 'observer' | 'knownAnswers'>> {
  if (plan.network === undefined || observed === undefined) return {};
  const { observer, records, pinned } = observed;
  const answers = [await records.get(plan.action), pinned].flatMap((one) => one?.answers ?? []);
  return { observer, knownAnswers: networkRecord(answers) };
}

function versionsOf({ plan, resolved, compiled }: Prepared): LibraryVersions {
  return libraryVersions({
    version: plan.fullVersion,
    building: new Set([compiled.package, ...compiled.subpackages].map(({ name }) => name)),
    installed: new Map(resolved.lock.packages.map(({ name, version }) => [name, version])),
    index: resolved.indexes.flatMap(({ records }) => [...records]),
    dialect: compiled.recipe.dialect,
  });
}

function filesOf(request: Prepared): Iterable<WorkspaceFile> {
  const { sourceDirectory, compiled, plan, resolved } = request;
  if (compiled.recipe.dialect === 'kiln') {
    // A folder .config is in the way of programs that are configured as Linux is, busybox for one.
    const clang = resolved.lock.packages.some(({ name }) => name.startsWith('clang'));
    return compilerFiles(compiled, plan.namespace, { clang });
  }
  if (sourceDirectory === undefined || !isDirectory(sourceDirectory)) return [];
  const files = compilerFiles(compiled, plan.namespace, { clang: true });
  return [...files, ...sourceFiles(sourceDirectory, 'leave-out')];
}

async function writePackages(
  prepared: Prepared,
  blobs: BlobStore,
  packages: readonly EmittedPackage[],
): Promise<readonly WrittenPackage[]> {
  const written: WrittenPackage[] = [];
  for (const one of packages) written.push(await writePackage(prepared, blobs, one));
  return written;
}

async function writePackage(
  { plan, key, outDirectory, compiled, blobs: kept, write = true }: Prepared,
  blobs: BlobStore,
  emitted: EmittedPackage,
): Promise<WrittenPackage> {
  const folder = path.join(outDirectory, compiled.arch);
  if (write) fs.mkdirSync(folderPlace(folder), { recursive: true });
  const file = path.join(folder, emitted.fileName);
  const record = await writeApk(emitted, {
    blobs,
    key,
    mtimeSeconds: plan.sourceDateEpoch,
    file: write ? file : undefined,
    // As little as anything else of a build of which nothing is kept.
    durable: kept !== undefined,
  });
  return { file, record, emitted };
}
