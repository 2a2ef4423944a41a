import type { Digest } from '@kiln/base';
import type { BuildPlan } from '@kiln/build';
import { planBuild } from '@kiln/build';
import type { BuiltPackage, EnvironmentPackage, PackageBundle, PackageResult } from '@kiln/factory';
import { allPresent, indexKey, lookAt, pendingOf, pipelineReader, unattested } from '@kiln/factory';
import type { Key, Outcome, ReconcileContext, Reconciler } from '@kiln/queue';
import { queueKeys, requeueAfter } from '@kiln/queue';
import { compileRecipe, parseRecipe } from '@kiln/recipe';
import { attestBuild } from './attest.ts';
import { buildEnvironment } from './environment.ts';
import type { PackageReconcilerPorts } from './ports.ts';
import { runBuild } from './run-build.ts';

/**
 * Keeps a recipe built: waits for what may enter its environment, resolves the environment to a lock, names the action,
 * and builds when no result of that action is at hand. A change that leads to the same action builds nothing; a build
 * that gives the same bytes changes no lock, so that nothing follows.
 */
export function packageReconciler(ports: PackageReconcilerPorts, concurrency: number): Reconciler {
  return {
    prefix: 'package',
    pool: 'build',
    concurrency,
    reconcile: (key, context) => reconcilePackage(ports, key, context),
  };
}

function reconcilePackage(
  ports: PackageReconcilerPorts,
  key: Key,
  context: ReconcileContext,
): Promise<Outcome> {
  return lookAt(ports, {
    kind: 'package',
    key,
    context,
    gone: async () => {
      // The packages leave the next generation of the index.
      const indexes = (await ports.records.listDesired()).filter((one) => one.kind === 'index');
      return queueKeys(
        indexes.map((one) => ({ key: one.key, reason: `${key} is no longer in the catalog` })),
      );
    },
    look: async (bundle, writer) => {
      const pending = await pendingOf(ports.records, [bundle.seed, ...bundle.closure]);
      if (pending.length > 0) return await writer.waiting(pending);
      const { plan, environment } = await planOf(ports, bundle);
      const known = await atHand(ports, plan.action);
      let published: readonly BuiltPackage[] = [];
      if (known === undefined) {
        const built = await runBuild(ports, {
          key,
          bundle,
          plan,
          environment,
          context,
          working: (stage) => writer.working(stage),
        });
        if (built === 'aborted') {
          // The queue decides what happens to an attempt whose signal fired; it is not done.
          context.signal.throwIfAborted();
          return requeueAfter(100, 'the build was stopped');
        }
        await ports.records.recordAction(plan.action, key, built);
        published = built.packages;
      } else {
        await attestMissing(ports, { key, plan, known });
      }
      const index = indexKey(bundle.settings.name, bundle.arch);
      const changed = writer.action !== plan.action;
      const outcome = await writer.ready(
        plan.action,
        changed ? [{ key: index, priority: 60, reason: `${key} was built` }] : [],
      );
      const { compression = 'gzip' } = bundle.settings;
      ports.segments?.want(published.map(({ apk }) => ({ apk, compression })));
      return outcome;
    },
  });
}

/** The action's recorded result, when its packages are there; a result that lost a package is forgotten. */
async function atHand(
  ports: PackageReconcilerPorts,
  action: Digest,
): Promise<PackageResult | undefined> {
  const result = await ports.records.useAction(action);
  if (result?.kind !== 'package') return undefined;
  const apks = result.packages.map((one) => one.apk);
  if (await allPresent(ports.blobs, apks)) return result;
  await ports.records.forgetAction(action);
  return undefined;
}

interface KnownBuild {
  readonly key: Key;
  readonly plan: BuildPlan;
  readonly known: PackageResult;
}

/** Says again of packages how they were made, where that was lost, or never said. */
async function attestMissing(
  ports: PackageReconcilerPorts,
  { key, plan, known }: KnownBuild,
): Promise<void> {
  const packages = await unattested(ports, known.packages);
  if (packages.length === 0) return;
  const { inputs } = known;
  await attestBuild(ports, { key, plan, packages, inputs, times: undefined });
}

async function planOf(
  ports: PackageReconcilerPorts,
  bundle: PackageBundle,
): Promise<{ readonly plan: BuildPlan; readonly environment: readonly EnvironmentPackage[] }> {
  const compiled = compileRecipe({
    recipe: parseRecipe(bundle.source, { file: bundle.file }),
    arch: bundle.arch,
    pipelines: pipelineReader((name) => {
      const text = bundle.pipelines[name];
      return text === undefined ? undefined : { file: `pipelines/${name}.yaml`, text };
    }),
  });
  const environment = await buildEnvironment(ports, bundle, compiled);
  const plan = planBuild({
    compiled,
    sideFiles: bundle.sideFiles.map((file) => ({
      path: file.path,
      mode: file.executable ? 0o755 : 0o644,
      digest: file.blob,
    })),
    environment: environment.map(({ name, version, checksum }) => ({ name, version, checksum })),
    variables: bundle.settings.variables,
    sourceDateEpoch: bundle.settings.epochSeconds,
    namespace: bundle.settings.namespace,
    builder: ports.builder,
    network: compiled.recipe.network === undefined ? undefined : 'observed',
  });
  return { plan, environment };
}
