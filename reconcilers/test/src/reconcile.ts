import type { Digest, Position } from '@kiln/base';
import { assert, digestOfValue } from '@kiln/base';
import type { TestPlan } from '@kiln/build';
import { testActionDigest } from '@kiln/build';
import type {
  EnvironmentPackage,
  KeyWriter,
  PackageResult,
  TestBundle,
  TestResult,
} from '@kiln/factory';
import { explain, lookAt, packagesOf, pendingOf, pipelineReader } from '@kiln/factory';
import type { Key, Outcome, ReconcileContext, Reconciler } from '@kiln/queue';
import { requeueAfter } from '@kiln/queue';
import type { CompiledRecipe, CompiledTest } from '@kiln/recipe';
import { compileRecipe, parseRecipe } from '@kiln/recipe';
import { lockGuest } from './guest.ts';
import type { TestReconcilerPorts } from './ports.ts';
import { runTest } from './run-test.ts';

/**
 * Keeps the packages of a recipe tested: waits for what may enter the guests, resolves each to a lock with the very files
 * that were built last, and runs the tests that did not pass before with the same lock and steps. A test that fails leaves
 * what passed before it, so that what is shown stays.
 */
export function testReconciler(ports: TestReconcilerPorts, concurrency: number): Reconciler {
  return {
    prefix: 'test',
    concurrency,
    reconcile: (key, context) => reconcileTest(ports, key, context),
  };
}

function reconcileTest(
  ports: TestReconcilerPorts,
  key: Key,
  context: ReconcileContext,
): Promise<Outcome> {
  return lookAt(ports, {
    kind: 'test',
    key,
    context,
    // When nobody wants the test any more, the index asks for it no longer either, and is looked at for that.
    look: async (bundle, writer) => {
      const pending = await pendingOf(ports.records, neededBy(bundle));
      if (pending.length > 0) return await writer.waiting(pending);
      const built = await packagesOf(ports.records, await ports.records.state(bundle.package));
      assert(built !== undefined, `${bundle.package} is ready`);
      const tests = await planTests(ports, bundle, built);
      if (tests.kind === 'waiting') return await writer.waiting(tests.keys);
      const action = actionOf(built, tests.tests);
      const known = await ports.records.useAction(action);
      if (known?.kind !== 'test') {
        const result = await runTests(ports, { key, built, tests: tests.tests, context, writer });
        if (result === 'aborted') {
          // The queue decides what happens to an attempt whose signal fired; it is not done.
          context.signal.throwIfAborted();
          return requeueAfter(100, 'the test was stopped');
        }
        await ports.records.recordAction(action, key, result);
      }
      return await writer.ready(action);
    },
  });
}

function neededBy({ package: tested, guests, seed }: TestBundle): readonly Key[] {
  return [
    ...(guests.some((guest) => guest.seed) ? [seed] : []),
    tested,
    ...new Set(guests.flatMap(({ closure }) => closure)),
  ];
}

/** The test of one package, with all that it is a function of. */
interface PlannedTest {
  readonly plan: TestPlan;
  readonly environment: readonly EnvironmentPackage[];
  /** Of the package's file. */
  readonly apk: Digest;
  readonly action: Digest;
  readonly timeoutMs: number | undefined;
}

type PlannedTests =
  | { readonly kind: 'planned'; readonly tests: readonly PlannedTest[] }
  | { readonly kind: 'waiting'; readonly keys: readonly Key[] };

async function planTests(
  ports: TestReconcilerPorts,
  bundle: TestBundle,
  built: PackageResult,
): Promise<PlannedTests> {
  const compiled = compileRecipe({
    recipe: parseRecipe(bundle.source, { file: bundle.file }),
    arch: bundle.arch,
    pipelines: pipelineReader((name) => {
      const text = bundle.pipelines[name];
      return text === undefined ? undefined : { file: `pipelines/${name}.yaml`, text };
    }),
  });
  const variables = [bundle.settings.variables, compiled.recipe.environment.environment];
  const tests: PlannedTest[] = [];
  for (const guest of bundle.guests) {
    const { test, position } = testOf(compiled, guest.package);
    const atoms = test.environment.contents.packages;
    const lock = await lockGuest(ports, { bundle, guest, atoms, position, built });
    if (lock.kind === 'waiting') return lock;
    const plan: TestPlan = {
      packageName: guest.package,
      arch: bundle.arch,
      test,
      variables,
      environment: lock.packages.map(({ name, version, checksum }) => ({
        name,
        version,
        checksum,
      })),
      builder: ports.builder,
    };
    const apk = lock.packages.find(({ name }) => name === guest.package)?.apk;
    assert(apk !== undefined, `${guest.package} is in its own guest`);
    tests.push({
      plan,
      environment: lock.packages,
      apk,
      action: testActionDigest(plan),
      timeoutMs: compiled.package.timeoutMs,
    });
  }
  return { kind: 'planned', tests };
}

function testOf(
  { package: origin, test, subpackages }: CompiledRecipe,
  name: string,
): { readonly test: CompiledTest; readonly position: Position } {
  const owner =
    name === origin.name
      ? { test, position: origin.position }
      : subpackages.find((one) => one.name === name);
  assert(owner?.test !== undefined, `${name} has a test`);
  return { test: owner.test, position: owner.position };
}

/** That these tests passed on these packages. */
function actionOf({ packages }: PackageResult, tests: readonly PlannedTest[]): Digest {
  return digestOfValue({
    action: 'test/1',
    packages: packages.map(({ apk }) => apk),
    tests: tests.map(({ action }) => action),
  });
}

interface RunTestsRequest {
  readonly key: Key;
  readonly built: PackageResult;
  readonly tests: readonly PlannedTest[];
  readonly context: ReconcileContext;
  readonly writer: KeyWriter;
}

/** Runs those of the tests that did not pass before, in order. The first failure ends it, and is thrown. */
async function runTests(
  ports: TestReconcilerPorts,
  { key, built, tests, context, writer }: RunTestsRequest,
): Promise<TestResult | 'aborted'> {
  const log = ports.logs.open(context.attemptId);
  try {
    const passed: TestResult['tests'][number][] = [];
    for (const test of tests) {
      const known = await ports.records.useAction(test.action);
      if (known?.kind === 'test') {
        passed.push(...known.tests);
        continue;
      }
      await context.attachLog(log.reference);
      await writer.working(`testing ${test.plan.packageName}`);
      const durationMs = await runTest(ports, { ...test, log, signal: context.signal });
      if (durationMs === 'aborted') return 'aborted';
      const result = [{ package: test.plan.packageName, durationMs }];
      await ports.records.recordAction(test.action, key, {
        kind: 'test',
        apks: [test.apk],
        tests: result,
      });
      passed.push(...result);
    }
    return { kind: 'test', apks: built.packages.map(({ apk }) => apk), tests: passed };
  } catch (error) {
    if (!context.signal.aborted) explain(log, error);
    throw error;
  } finally {
    log.close();
  }
}
