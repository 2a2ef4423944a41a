import type { Clock } from '@kiln/base';
import { sourcesOfSteps, type CompiledTest } from '@kiln/recipe';
import type { BlobStore } from '@kiln/blobs';
import type { BuildLogLine } from './log.ts';
import {
  judgeNetwork,
  networkVariables,
  type NetworkObserver,
  type NetworkRecord,
  type ObservedNetwork,
} from './network.ts';
import type { BuildFailure } from './outcome.ts';
import type { SideFile } from './plan.ts';
import type { Mount, Sandbox } from './sandbox.ts';
import { baseEnvironment, workspaceMount } from './script.ts';
import {
  fetchSources,
  gitVariables,
  type SourceCache,
  type SourceCacheRequest,
} from './source-cache.ts';
import { runSteps, type StepRunner } from './steps.ts';
import type { WorkspaceFile, WorkspacePort } from './workspace.ts';

export interface TestPackageRequest {
  readonly packageName: string;
  readonly test: CompiledTest;
  /** Variables under those of the test: the catalog's, then those of the recipe's build environment. */
  readonly variables: readonly Readonly<Record<string, string>>[];
  /** Host directories that form the guest, lowest first; the package under test is installed in it. */
  readonly environmentRoots: readonly string[];
  /** Files for the workspace; none unless the caller has reason to. */
  readonly sideFiles: readonly SideFile[];
  readonly sandbox: Sandbox;
  readonly workspaces: WorkspacePort;
  readonly blobs: BlobStore;
  /** Given: what the steps fetch and check out is at hand before the first of them; else they fetch it. */
  readonly fetchers?: Pick<SourceCacheRequest, 'sources' | 'git'>;
  readonly clock: Clock;
  /** Default ten minutes. */
  readonly timeoutMs?: number;
  /** Who runs the steps and what they may reach; by default the build account, without a network. */
  readonly steps?: Pick<StepRunner, 'identity' | 'network' | 'trace' | 'keptRoot' | 'onFailed'>;
  /** Given: the steps reach the network through it, and get again what is known of its answers. */
  readonly observed?: {
    readonly observer: NetworkObserver;
    readonly known: NetworkRecord | undefined;
  };
  /** Further directories for the steps. */
  readonly mounts?: readonly Mount[];
  /** Files for the workspace that are not in the blob store. */
  readonly files?: AsyncIterable<WorkspaceFile> | Iterable<WorkspaceFile>;
  onLog(line: BuildLogLine): void;
  readonly signal?: AbortSignal;
}

export type TestPackageOutcome =
  | {
      readonly kind: 'passed';
      /** What the steps fetched, where they had a network. */
      readonly network?: NetworkRecord;
    }
  | BuildFailure
  | { readonly kind: 'aborted' };

const timeoutMsDefault = 10 * 60_000;

/**
 * Runs the test of one package in a fresh workspace, without network or with an observed one, as uid 1000. No
 * `SOURCE_DATE_EPOCH` is set, as a test sees what a user of the package sees. The workspace is removed in every case.
 */
export async function testPackage(request: TestPackageRequest): Promise<TestPackageOutcome> {
  const { test, packageName } = request;
  const name = `test-${packageName.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 80)}`;
  const workspace = await request.workspaces.create(name);
  let cache: SourceCache | undefined;
  let network: ObservedNetwork | undefined;
  try {
    cache = await prepareSources(request, name);
    network = await request.observed?.observer.open({
      known: request.observed.known,
      onLog: (line) => request.onLog(line),
    });
    for await (const file of request.files ?? []) await workspace.write(file);
    for (const file of request.sideFiles) {
      await workspace.write({
        path: file.path,
        mode: file.mode,
        content: request.blobs.read(file.digest),
      });
    }
    const layers = [...request.variables, test.environment.environment];
    const base = networkVariables(baseEnvironment({ layers, sourceDateEpoch: undefined }), network);
    const result = await runSteps(
      {
        sandbox: request.sandbox,
        roots: request.environmentRoots,
        mounts: [
          { source: workspace.hostPath, target: workspaceMount, readOnly: false },
          ...(cache?.mounts ?? []),
          ...(network?.mounts ?? []),
          ...(request.mounts ?? []),
        ],
        clock: request.clock,
        deadlineMs: request.clock.now() + (request.timeoutMs ?? timeoutMsDefault),
        cpus: undefined,
        signal: request.signal,
        ...request.steps,
        purpose: 'test',
        ...(network === undefined ? {} : { relay: network.relay }),
        onLog: (line) => request.onLog(line),
      },
      {
        steps: test.pipeline,
        packageName,
        environment: cache === undefined ? base : { ...base, ...gitVariables(cache, base) },
      },
    );
    const failed = judgeNetwork(network, result, undefined);
    if (failed !== undefined) return failed;
    return { kind: 'passed', ...(network === undefined ? {} : { network: network.record() }) };
  } finally {
    await network?.close();
    await cache?.remove();
    await workspace.remove();
  }
}

async function prepareSources(
  request: TestPackageRequest,
  name: string,
): Promise<SourceCache | undefined> {
  const { test, fetchers, blobs, workspaces, signal } = request;
  if (fetchers === undefined) return undefined;
  return fetchSources({
    ...fetchers,
    needed: sourcesOfSteps(test.pipeline, undefined),
    name,
    blobs,
    workspaces,
    signal,
    onLog: (line) => request.onLog(line),
  });
}
