import { hexOf } from '@kiln/base';
import type { BuildFailure, BuildOutcome, BuildPlan, NetworkRecord } from '@kiln/build';
import { build, joinPackage, networkDependencies, showsOutput } from '@kiln/build';
import { KilnError } from '@kiln/base';
import { recordOf } from '@kiln/apk';
import type {
  AttemptLog,
  BuiltPackage,
  EnvironmentPackage,
  FactoryRecords,
  PackageBundle,
  PackageFinding,
  PackageResult,
  ResolvedInput,
} from '@kiln/factory';
import { environmentRoot, explain, namespaceOf, packagesOf } from '@kiln/factory';
import type { Key, ReconcileContext } from '@kiln/queue';
import { sourceDescriptor } from '@kiln/recipe';
import { printPurl } from '@kiln/spdx';
import type { AttestRequest } from './attest.ts';
import { attestBuild } from './attest.ts';
import { BuildLinter } from './lint.ts';
import type { PackageReconcilerPorts } from './ports.ts';

export interface RunBuildRequest {
  readonly key: Key;
  readonly bundle: PackageBundle;
  readonly plan: BuildPlan;
  readonly environment: readonly EnvironmentPackage[];
  readonly context: ReconcileContext;
  working(stage: string): Promise<void>;
}

/**
 * Makes the environment, runs the build, has its packages signed, puts them together and attests them. The builds' control
 * segments are recorded before the signer is asked. Throws the build's failure under its code.
 */
export async function runBuild(
  ports: PackageReconcilerPorts,
  request: RunBuildRequest,
): Promise<PackageResult | 'aborted'> {
  const log = ports.logs.open(request.context.attemptId);
  try {
    await request.context.attachLog(log.reference);
    const startedAt = ports.clock.now();
    await request.working('making the build environment');
    const root = await environmentRoot(ports, request.environment, request.bundle.arch);
    await request.working('building');
    const linter = new BuildLinter();
    const outcome = await build({
      plan: request.plan,
      sandbox: ports.sandbox,
      sources: ports.sources,
      git: ports.git,
      blobs: ports.blobs,
      workspaces: ports.workspaces,
      environmentRoots: [root],
      observer: ports.observer,
      knownAnswers: await ports.networkRecords.get(request.plan.action),
      clock: ports.clock,
      signal: request.context.signal,
      inspect: (trees) => linter.inspect(trees, request.plan, (line) => log.write(`${line}\n`)),
      onLog: ({ step, text }) => log.write(`${step} | ${text}\n`),
    });
    if (outcome.kind === 'aborted') return 'aborted';
    if (outcome.kind === 'failed') {
      const failure = refused(outcome, log);
      throw linter.explain(outcome) ?? failure;
    }
    for (const warning of outcome.report.warnings) log.write(`warning | ${warning}\n`);
    for (const unused of outcome.report.unusedExceptions)
      log.write(`warning | unused hardening exception: ${unused}\n`);
    if (outcome.network !== undefined)
      await ports.networkRecords.put(request.plan.action, outcome.network);
    await request.working('signing');
    const times = { startedAt, finishedAt: ports.clock.now() };
    const findings = linter.warnings;
    return await signPackages(ports, request, { ...outcome, times, findings });
  } catch (error) {
    if (!request.context.signal.aborted) explain(log, error);
    throw error;
  } finally {
    log.close();
  }
}

const shownMax = 5;

/** A build's failure as an error. What a step printed is in the log already, and its last lines say most. */
function refused(failure: BuildFailure, log: AttemptLog): KilnError {
  const { code, message, findings, hint, position, retry = 'never' } = failure;
  const printed = showsOutput(failure);
  if (!printed) for (const finding of findings) log.write(`${finding}\n`);
  const shown = printed ? findings.slice(-shownMax) : findings.slice(0, shownMax);
  return new KilnError(code, [message, ...shown].join('; '), { hint, position, retry });
}

interface Finished extends Extract<BuildOutcome, { readonly kind: 'built' }> {
  readonly times: NonNullable<AttestRequest['times']>;
  readonly findings: readonly PackageFinding[];
}

async function signPackages(
  ports: PackageReconcilerPorts,
  request: RunBuildRequest,
  { packages: emitted, network, times, findings }: Finished,
): Promise<PackageResult> {
  await ports.records.recordLedger(
    emitted.map((one) => ({ kind: 'control', digest: one.controlDigest, key: request.key })),
  );
  const packages: BuiltPackage[] = [];
  for (const one of emitted) {
    const signature = await ports.signer.signControl(
      one.controlDigest,
      request.plan.sourceDateEpoch,
    );
    const apk = await joinPackage({
      signature,
      control: one.control,
      data: one.data.digest,
      blobs: ports.blobs,
    });
    packages.push({
      file: one.fileName,
      apk: apk.digest,
      record: recordOf(one.info, one.checksum, apk.sizeBytes),
    });
  }
  for (const one of emitted) {
    await ports.blobs.delete(one.data.digest);
    await ports.blobs.delete(one.controlDigest);
  }
  const inputs = [...(await inputsOf(ports, request)), ...fetchedBy(network)];
  const { key, plan } = request;
  await attestBuild(ports, { key, plan, packages, inputs, times });
  return { kind: 'package', packages, inputs, findings };
}

/** What the steps got from the network. */
function fetchedBy(record: NetworkRecord | undefined): readonly ResolvedInput[] {
  if (record === undefined) return [];
  return networkDependencies(record).map(({ uri, digest }) => ({
    name: uri,
    uri,
    digest: { sha256: hexOf(digest) },
  }));
}

/** Sources by digest, then every package of the environment; for those of the seed, the Debian package it wraps. */
async function inputsOf(
  ports: PackageReconcilerPorts,
  request: RunBuildRequest,
): Promise<readonly ResolvedInput[]> {
  const sources: readonly ResolvedInput[] = request.plan.compiled.sources.map(sourceDescriptor);
  const seed = await packagesOf(ports.records, await ports.records.state(request.bundle.seed));
  const wrapped = new Map((seed?.inputs ?? []).map((one) => [one.name, one]));
  const { settings, closure } = request.bundle;
  // Where there is one vendor, nobody need be asked.
  const catalogs = await catalogsOf(ports.records, settings.base === undefined ? [] : closure);
  const environment = request.environment.map((one): ResolvedInput => {
    const debian = one.repository === 'seed' ? wrapped.get(one.name) : undefined;
    const repository = one.repository === 'seed' ? 'seed' : (catalogs.get(one.name) ?? '');
    const namespace = namespaceOf(settings, repository);
    return (
      debian ?? {
        name: one.name,
        uri: printPurl({ type: 'apk', namespace, name: one.name, version: one.version }),
        digest: { sha256: hexOf(one.apk) },
      }
    );
  });
  return [...sources, ...environment];
}

/** The catalogs of packages that recipes give, by their names. */
async function catalogsOf(
  records: FactoryRecords,
  keys: readonly Key[],
): Promise<ReadonlyMap<string, string>> {
  const catalogs = new Map<string, string>();
  const states = await records.states(keys);
  for (const key of keys) {
    const result = await packagesOf(records, states.get(key));
    const desired = await records.desired(key);
    for (const { record } of result?.packages ?? [])
      if (desired !== undefined) catalogs.set(record.name, desired.catalog);
  }
  return catalogs;
}
