import { KilnError, systemClock } from '@kiln/base';
import { MemoryBlobs, type BlobStore } from '@kiln/blobs';
import {
  buildIdentity,
  testPackage,
  type BuildLogLine,
  type FailedStep,
  type NetworkRecord,
  type TestPackageRequest,
} from '@kiln/build';
import { fullVersionOf, type CompiledRecipe, type CompiledTest } from '@kiln/recipe';
import type { GuestRequest } from '@kiln/solve';
import type { LocalGuests } from './guest.ts';
import { failureOf, placedUnsolved } from './build-failure.ts';
import { openShell, type Debugging } from './debugging.ts';
import type { ObservedBuild } from './local-build.ts';
import { SharedWorkspace, type WorkspaceFolder } from './folder-workspace.ts';
import { hostMounts, identityOf, keptRootIn, withScratch } from './runner.ts';
import { sourceFiles } from './source-directory.ts';

export interface LocalTestRequest {
  readonly compiled: CompiledRecipe;
  readonly guests: LocalGuests;
  readonly appended: NonNullable<GuestRequest['appended']>;
  /** What is installed in the place of the main package, such as `zlib=1.3-r0`. */
  readonly atom?: string | undefined;
  /** Only these packages; all without it. */
  readonly only?: readonly string[];
  /** Of the catalog: the recipe's own win. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly sourceDirectory?: string | undefined;
  /** For melange: the workspace of all tests; by default one that goes with them. */
  readonly workspace?: WorkspaceFolder | undefined;
  readonly network: 'none' | 'host';
  /** With the network `none`: the steps reach it through an observer. */
  readonly observed?: Pick<ObservedBuild, 'observer' | 'pinned'> | undefined;
  readonly cacheDirectory?: string | undefined;
  readonly trace?: boolean;
  readonly timeoutMs?: number | undefined;
  /** Given: what the steps fetch and check out is at hand before the first of them; else they fetch it. */
  readonly fetching?: NonNullable<TestPackageRequest['fetchers']> & { readonly blobs: BlobStore };
  /** Open a shell where a step fails. */
  readonly debugging?: Pick<Debugging, 'shell' | 'onTalk'> | undefined;
  /** A test begins. */
  onTest(packageName: string): void;
  onLog(line: BuildLogLine): void;
  readonly signal?: AbortSignal;
}

/** What became of the test of one package. */
export interface TestedPackage {
  readonly name: string;
  /** `installed`: there are no steps; that it can be installed was tried. */
  readonly kind: 'passed' | 'installed';
  /** What its steps fetched, where they had an observed network. */
  readonly network?: NetworkRecord;
}

/**
 * Runs the tests of a recipe's packages in order, each in a fresh guest that holds the built package (packages.md section
 * 10). `kiln package` installs exactly the version of the recipe, and also packages without steps; melange installs by
 * name and passes over those. The first failure ends it: throws its code, and what guests throw.
 */
export async function testLocally(request: LocalTestRequest): Promise<readonly TestedPackage[]> {
  const { compiled } = request;
  const packages = [
    { name: compiled.package.name, test: compiled.test },
    ...compiled.subpackages.filter(({ applies }) => applies),
  ].filter(({ name }) => request.only === undefined || request.only.includes(name));
  const tested: TestedPackage[] = [];
  const melange = compiled.recipe.dialect === 'melange';
  await using shared = melange
    ? await SharedWorkspace.open({
        sourceDirectory: request.sourceDirectory,
        named: request.workspace,
        runs: packages.some(({ test }) => (test?.pipeline.length ?? 0) > 0),
      })
    : undefined;
  // melange looks for the account of the main test though there be no steps.
  if (melange && compiled.test !== undefined)
    identityOf(compiled.recipe, compiled.test.environment);
  for (const { name, test } of packages) {
    request.signal?.throwIfAborted();
    if (melange && (test?.pipeline.length ?? 0) === 0) continue;
    request.onTest(name);
    const one = { name, test: test ?? emptyTest(compiled, name), shared };
    tested.push(await testOne(request, one));
  }
  shared?.passed();
  return tested;
}

/** A test that installs the package and does nothing. */
function emptyTest({ recipe }: CompiledRecipe, name: string): CompiledTest {
  const { contents, ...environment } = recipe.environment;
  return {
    environment: { ...environment, environment: {}, contents: { ...contents, packages: [name] } },
    pipeline: [],
    pipelineWritten: false,
  };
}

interface OneTest {
  readonly name: string;
  readonly test: CompiledTest;
  readonly shared: SharedWorkspace | undefined;
}

async function testOne(
  request: LocalTestRequest,
  { name, test, shared }: OneTest,
): Promise<TestedPackage> {
  const { compiled, guests, signal } = request;
  const { recipe } = compiled;
  const environment = {
    ...test.environment,
    contents: {
      ...test.environment.contents,
      packages: test.environment.contents.packages.map((atom) =>
        atom === name ? atomOf(request, name) : atom,
      ),
    },
  };
  const { lock } = await guests
    .resolve(
      {
        environment,
        arch: compiled.arch,
        appended: request.appended,
        dialect: recipe.dialect === 'melange' ? 'apko' : 'kiln',
        purpose: 'test',
      },
      signal,
    )
    .catch((error: unknown) => {
      throw placedUnsolved(error, compiled.package.position, `test of ${name}: `);
    });
  const repositories = request.appended.repositories ?? [];
  const guest = await guests.make(lock, { repositories, ...(signal && { signal }) });
  // An account is defined, and looked for, where there is something to run.
  const identity =
    test.pipeline.length === 0 ? buildIdentity : identityOf(recipe, test.environment);
  const { debugging } = request;
  return withScratch({ ...identity, dialect: recipe.dialect }, async (scratch) => {
    const { sandbox, workspaces } = scratch;
    const outcome = await testPackage({
      packageName: name,
      test,
      variables: [request.variables ?? {}, recipe.environment.environment],
      environmentRoots: [guest.root],
      sideFiles: [],
      files:
        request.sourceDirectory === undefined || shared !== undefined
          ? []
          : sourceFiles(request.sourceDirectory, 'follow'),
      steps: {
        identity,
        network: request.network,
        trace: request.trace ? 'trace' : 'quiet',
        ...keptRootIn(scratch, recipe),
        ...(debugging === undefined
          ? {}
          : {
              onFailed: async (failed: FailedStep) =>
                (await openShell(sandbox, failed, debugging)) ? 'continue' : 'end',
            }),
      },
      ...(request.observed === undefined
        ? {}
        : { observed: { observer: request.observed.observer, known: request.observed.pinned } }),
      mounts: hostMounts(request),
      sandbox,
      workspaces: shared ?? workspaces,
      blobs: request.fetching?.blobs ?? new MemoryBlobs(),
      ...(request.fetching === undefined ? {} : { fetchers: request.fetching }),
      clock: systemClock,
      ...(request.timeoutMs === undefined ? {} : { timeoutMs: request.timeoutMs }),
      onLog: (line) => request.onLog(line),
      ...(signal === undefined ? {} : { signal }),
    });
    if (outcome.kind === 'aborted') throw signal?.reason ?? new Error('the test was stopped');
    if (outcome.kind === 'failed') {
      const error = failureOf(outcome);
      throw new KilnError(error.code, `test of ${name}: ${error.message}`, { hint: error.hint });
    }
    const { network } = outcome;
    const kind = test.pipeline.length === 0 ? 'installed' : 'passed';
    return { name, kind, ...(network === undefined ? {} : { network }) };
  });
}

function atomOf({ compiled, atom }: LocalTestRequest, name: string): string {
  if (atom !== undefined && name === compiled.package.name) return atom;
  return compiled.recipe.dialect === 'kiln' ? `${name}=${fullVersionOf(compiled.package)}` : name;
}
