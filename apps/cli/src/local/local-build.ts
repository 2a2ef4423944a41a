import fs from 'node:fs';
import path from 'node:path';
import { recordOf, signControl, signatureSegment, type IndexRecord } from '@kiln/apk';
import { replaceFile, type SigningKey } from '@kiln/apk-files';
import { KilnError, systemClock, systemRandom } from '@kiln/base';
import { FsBlobs } from '@kiln/blobs-fs';
import {
  build,
  compilerFiles,
  libraryVersions,
  planBuild,
  type AnalysedTree,
  type BuildFailure,
  type BuildLogLine,
  type BuildPlan,
  type BuildReport,
  type EmittedPackage,
  type LibraryVersions,
  type PlanInputs,
  type SourceFetcher,
  type StepIdentity,
  type WorkspaceFile,
} from '@kiln/build';
import type { CompiledRecipe } from '@kiln/recipe';
import type { GuestRequest } from '@kiln/solve';
import type { Guest, LocalGuests, ResolvedGuest } from './guest.ts';
import { hostMounts, identityOf, withScratch, type Scratch } from './runner.ts';
import { sourceFiles } from './source-directory.ts';

export interface LocalBuildRequest {
  readonly compiled: CompiledRecipe;
  readonly guests: LocalGuests;
  readonly appended: NonNullable<GuestRequest['appended']>;
  /** Its files fill the workspace; undefined: the workspace is empty. */
  readonly sourceDirectory: string | undefined;
  readonly plan: Pick<
    PlanInputs,
    'sourceDateEpoch' | 'namespace' | 'builder' | 'recipeSource' | 'stripOrigin'
  >;
  readonly sources: SourceFetcher;
  /** The folder of `ARCH/NAME-VERSION.apk`. */
  readonly outDirectory: string;
  readonly key: SigningKey | undefined;
  readonly network: 'none' | 'host';
  /** Shown to the steps as `/var/cache/melange`. */
  readonly cacheDirectory?: string | undefined;
  readonly trace?: boolean;
  /** Packages depend on libraries in the version that they were linked with, too. */
  readonly versionedLibraries?: boolean;
  inspect?(trees: readonly AnalysedTree[], plan: BuildPlan): Promise<BuildFailure | undefined>;
  onLog(line: BuildLogLine): void;
  /** Local directories given as repositories that have no index yet. */
  onMissingIndex?(directory: string): void;
  readonly signal?: AbortSignal;
}

export interface WrittenPackage {
  readonly file: string;
  readonly record: IndexRecord;
  readonly emitted: EmittedPackage;
}

export interface LocalBuildResult {
  readonly packages: readonly WrittenPackage[];
  readonly plan: BuildPlan;
  readonly guest: ResolvedGuest;
  readonly report: BuildReport;
}

/**
 * Builds a compiled recipe on this machine, without a factory: resolves and makes its guest, runs its steps, and writes
 * its packages, each whole or not at all. Throws the build's failure under its code, with the last lines of its findings,
 * and what guests, sandboxes and files throw.
 */
export async function buildLocally(request: LocalBuildRequest): Promise<LocalBuildResult> {
  const { compiled, guests, signal } = request;
  const melange = compiled.recipe.dialect === 'melange';
  const resolved = await guests.resolve(
    {
      environment: compiled.environment,
      arch: compiled.arch,
      appended: request.appended,
      dialect: melange ? 'apko' : 'kiln',
    },
    signal,
  );
  for (const directory of resolved.missing) request.onMissingIndex?.(directory);
  const guest = await guests.make(resolved.lock, {
    repositories: request.appended.repositories ?? [],
    ...(signal === undefined ? {} : { signal }),
  });
  const plan = planOf(request, resolved, guest);
  const identity = identityOf(compiled.recipe, compiled.environment);
  return withScratch(identity, (scratch) =>
    buildIn(scratch, { ...request, plan, guest, resolved, identity }),
  );
}

function planOf(request: LocalBuildRequest, resolved: ResolvedGuest, guest: Guest): BuildPlan {
  const { compiled } = request;
  return planBuild({
    compiled,
    sideFiles: [],
    environment: resolved.lock.packages.map(({ name, version, checksum }) => ({
      name,
      version,
      checksum,
    })),
    variables: {},
    guest: resolved.lock.config,
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

async function buildIn(
  { folder, sandbox, workspaces }: Scratch,
  request: Prepared,
): Promise<LocalBuildResult> {
  const { plan, compiled, identity, signal } = request;
  const blobs = new FsBlobs({ directory: path.join(folder, 'blobs') });
  const outcome = await build({
    plan,
    sandbox,
    sources: request.sources,
    blobs,
    workspaces,
    environmentRoots: [request.guest.root],
    clock: systemClock,
    steps: { identity, network: request.network, trace: request.trace ? 'trace' : 'quiet' },
    mounts: hostMounts(request),
    fetching: compiled.recipe.dialect === 'melange' ? 'by-steps' : 'before',
    files: filesOf(request),
    libraryVersions: request.versionedLibraries === true ? versionsOf(request) : undefined,
    inspect: async (trees) => request.inspect?.(trees, plan),
    onLog: (line) => request.onLog(line),
    ...(signal === undefined ? {} : { signal }),
  });
  if (outcome.kind === 'aborted') throw signal?.reason ?? new Error('the build was stopped');
  if (outcome.kind === 'failed') throw failureOf(outcome);
  const packages: WrittenPackage[] = [];
  for (const emitted of outcome.packages)
    packages.push(await writePackage(request, blobs, emitted));
  return { packages, plan, guest: request.resolved, report: outcome.report };
}

function versionsOf({ plan, resolved, compiled }: Prepared): LibraryVersions {
  return libraryVersions({
    version: plan.fullVersion,
    building: new Set([compiled.package, ...compiled.subpackages].map(({ name }) => name)),
    installed: new Map(resolved.lock.packages.map(({ name, version }) => [name, version])),
    index: resolved.indexes.flatMap(({ records }) => records),
    dialect: compiled.recipe.dialect,
  });
}

/** A build's failure as an error: its message, its findings, its place and its hint. */
export function failureOf(failure: BuildFailure): KilnError {
  const { code, message, findings, hint, position } = failure;
  const shown = findings.slice(0, 20).map((finding) => `\n  ${finding}`);
  const more = findings.length > 20 ? `\n  and ${findings.length - 20} more` : '';
  return new KilnError(code, `${message}${shown.join('')}${more}`, { hint, position });
}

function filesOf(request: Prepared): Iterable<WorkspaceFile> {
  const { sourceDirectory, compiled, plan } = request;
  if (sourceDirectory === undefined) return [];
  const links = compiled.recipe.dialect === 'melange' ? 'leave-out' : 'follow';
  return [...compilerFiles(compiled, plan.namespace), ...sourceFiles(sourceDirectory, links)];
}

async function writePackage(
  { plan, key, outDirectory, compiled }: Prepared,
  blobs: FsBlobs,
  emitted: EmittedPackage,
): Promise<WrittenPackage> {
  const folder = path.join(outDirectory, compiled.arch);
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, emitted.fileName);
  const signature =
    key === undefined
      ? new Uint8Array(0)
      : signatureSegment({
          keyName: key.keyName,
          signature: signControl(emitted.control, key.pem),
          mtimeSeconds: plan.sourceDateEpoch,
        });
  async function* segments(): AsyncGenerator<Uint8Array> {
    yield signature;
    yield emitted.control;
    yield* blobs.read(emitted.data.digest);
  }
  await replaceFile(file, segments(), systemRandom);
  const size = signature.length + emitted.control.length + emitted.data.sizeBytes;
  return { file, record: recordOf(emitted.info, emitted.checksum, size), emitted };
}
