import type { AssembledTree, BillCache, PackageOpener, SegmentCache } from '@kiln/assemble';
import { assemble, openNamed } from '@kiln/assemble';
import type { BlobStore } from '@kiln/blobs';
import { blobUnknown } from '@kiln/blobs';
import type { Sandbox } from '@kiln/build';
import type { Clock, Digest } from '@kiln/base';
import { KilnError, digestOfValue, counted } from '@kiln/base';
import type {
  AttemptLog,
  AttemptLogs,
  ImageBundle,
  ImageResult,
  ImageTest,
  LockedPackage,
  LockPorts,
  RegistryState,
  TestRun,
} from '@kiln/factory';
import { allPresent, eachReferrer, lookAt, parseImageTest, pendingOf } from '@kiln/factory';
import type { ImageConfig } from '@kiln/image-config';
import { completeImageConfig, parseImageConfig } from '@kiln/image-config';
import type { Key, Outcome, ReconcileContext, Reconciler } from '@kiln/queue';
import { requeueAfter } from '@kiln/queue';
import type { TarMember } from '@kiln/tar';
import type { Signer } from '@kiln/trust';
import { describeImage } from './describe.ts';
import { lockWithTest } from './lock.ts';
import type { BuiltImage } from './make-image.ts';
import { makeImage } from './make-image.ts';
import { runImageTest } from './test-run.ts';
import { testRoots } from './test-roots.ts';

/** Root file systems on disk by the digest of what they are made of. */
export interface RootCache {
  ensure(key: Digest, members: () => AsyncIterable<TarMember>): Promise<string>;
}

export interface ImageReconcilerPorts extends LockPorts {
  readonly registry: RegistryState;
  readonly blobs: BlobStore;
  readonly signer: Signer;
  readonly opener: PackageOpener;
  readonly segments: SegmentCache;
  readonly bills: BillCache;
  readonly roots: RootCache;
  readonly sandbox: Sandbox;
  readonly logs: AttemptLogs;
  readonly clock: Clock;
  readonly builder: { readonly name: string; readonly version: string };
}

/**
 * Keeps an image what its configuration says: resolved against the current generations, assembled, tested, described,
 * signed and shown by the registry. The tags move in one transaction with everything that belongs to the image, and only
 * after its test passed; so a tag never names an image without its evidence.
 */
export function imageReconciler(ports: ImageReconcilerPorts, concurrency: number): Reconciler {
  return {
    prefix: 'image',
    pool: 'image',
    concurrency,
    reconcile: (key, context) => reconcileImage(ports, key, context),
  };
}

function reconcileImage(
  ports: ImageReconcilerPorts,
  key: Key,
  context: ReconcileContext,
): Promise<Outcome> {
  return lookAt(ports, {
    kind: 'image',
    key,
    context,
    // Of an image that nobody wants what was published stays; it is no longer kept up to date.
    look: async (bundle, writer) => {
      const pending = await pendingOf(ports.records, bundle.closure);
      if (pending.length > 0) return await writer.waiting(pending);
      const config = parseImageConfig(bundle.source, bundle.file);
      const test = parseImageTest(bundle.testSource, bundle.testFile);
      const asked = completeImageConfig(config).contents.packages;
      const locks = await lockWithTest(ports, bundle, { asked, ofTest: test.packages });
      if (locks.kind === 'waiting') return await writer.waiting(locks.keys);
      const inputs: ImageInputs = {
        key,
        bundle,
        config,
        test,
        packages: locks.packages,
        testPackages: locks.testPackages,
      };
      const action = actionOf(ports, inputs);
      const result =
        (await atHand(ports, action)) ??
        (await produce(ports, inputs, context, action, (stage) => writer.working(stage)));
      if (result === 'aborted') {
        // The queue decides what happens to an attempt whose signal fired; it is not done.
        context.signal.throwIfAborted();
        return requeueAfter(100, 'it was stopped');
      }
      context.signal.throwIfAborted();
      await show(ports, result);
      return await writer.ready(action);
    },
  });
}

/** What an image is made of, all of it. */
export interface ImageInputs {
  readonly key: Key;
  readonly bundle: ImageBundle;
  readonly config: ImageConfig;
  readonly test: ImageTest;
  /** In install order. */
  readonly packages: readonly LockedPackage[];
  /** With what the test adds. */
  readonly testPackages: readonly LockedPackage[];
}

function actionOf(ports: ImageReconcilerPorts, inputs: ImageInputs): Digest {
  const lock = (packages: readonly LockedPackage[]): unknown =>
    packages.map(({ record }) => [record.name, record.version, record.checksum]);
  return digestOfValue({
    action: 'image/4',
    builder: ports.builder,
    name: inputs.bundle.name,
    arch: inputs.bundle.arch,
    configuration: inputs.bundle.source,
    test: inputs.bundle.testSource,
    epochSeconds: inputs.bundle.settings.epochSeconds,
    namespace: inputs.bundle.settings.namespace,
    // What provenance says of packages of the base; it was left out for catalogs that have none.
    ...(inputs.bundle.settings.base === undefined ? {} : { base: inputs.bundle.settings.base }),
    compression: inputs.bundle.settings.compression ?? 'gzip',
    packages: lock(inputs.packages),
    testPackages: lock(inputs.testPackages),
  });
}

/** The recorded result, when everything that belongs to it is there; otherwise it is forgotten and made again. */
async function atHand(
  ports: ImageReconcilerPorts,
  action: Digest,
): Promise<ImageResult | undefined> {
  const result = await ports.records.useAction(action);
  if (result?.kind !== 'image') return undefined;
  if (await allPresent(ports.blobs, shownDigests(result))) return result;
  await ports.records.forgetAction(action);
  return undefined;
}

async function produce(
  ports: ImageReconcilerPorts,
  inputs: ImageInputs,
  context: ReconcileContext,
  action: Digest,
  working: (stage: string) => Promise<void>,
): Promise<ImageResult | 'aborted'> {
  const log = ports.logs.open(context.attemptId);
  const startedAt = ports.clock.now();
  try {
    await context.attachLog(log.reference);
    await working('assembling');
    const assembled = await assembleImage(ports, inputs);
    const image = await makeImage(ports, inputs, assembled, context.signal);
    log.write(
      `${image.manifest.descriptor.digest}: ${counted(inputs.packages.length, 'package')}\n`,
    );
    await working('testing');
    const run = await testImage(ports, inputs, image, assembled, log, context);
    await working('signing');
    const result = await describeImage(ports, { inputs, image, assembled, run, startedAt, action });
    await ports.records.recordAction(action, inputs.key, result);
    return result;
  } catch (error) {
    if (context.signal.aborted) return 'aborted';
    if (error instanceof KilnError) log.write(`error[${error.code}]: ${error.message}\n`);
    throw error;
  } finally {
    log.close();
  }
}

async function assembleImage(
  ports: ImageReconcilerPorts,
  inputs: ImageInputs,
): Promise<AssembledTree> {
  const packages = [];
  for (const { record, apk } of inputs.packages)
    packages.push(await openNamed(ports.opener, record, apk));
  return assemble({
    config: inputs.config,
    arch: inputs.bundle.arch,
    packages,
    keyring: [],
    sourceDateEpochSeconds: inputs.bundle.settings.epochSeconds,
  });
}

async function testImage(
  ports: ImageReconcilerPorts,
  inputs: ImageInputs,
  image: BuiltImage,
  assembled: AssembledTree,
  log: AttemptLog,
  context: ReconcileContext,
): Promise<TestRun> {
  const run = await runImageTest({
    sandbox: ports.sandbox,
    test: inputs.test,
    roots: await testRoots(ports, inputs, image, assembled),
    tree: assembled.tree,
    runtime: image.runtime,
    clock: ports.clock,
    onOutput: (chunk) => log.write(chunk),
    signal: context.signal,
  });
  if (run.passed) return run;
  const failed = run.steps.find((step) => !step.passed);
  throw new KilnError(
    'IMAGE_TEST_FAILED',
    `${inputs.bundle.testFile}: "${failed?.name ?? ''}" failed; the tag stays where it was`,
    {
      hint: `kiln logs ${inputs.key} shows what it printed`,
    },
  );
}

/**
 * Hides attachments whose bytes are gone: of an image that was made again there are new ones, and a client that reads all
 * of them must not stumble over one that it cannot get.
 */
async function hideBroken(ports: ImageReconcilerPorts, result: ImageResult): Promise<void> {
  for (const subject of [result.index, result.manifest]) {
    const listed = eachReferrer(ports.registry, { repository: result.repository, subject });
    for await (const { digest } of listed) {
      if ((await ports.blobs.stat(digest)) === undefined)
        await ports.registry.deleteManifest(result.repository, digest);
    }
  }
}

function shownDigests({ publication }: ImageResult): readonly Digest[] {
  return [...publication.blobs, ...publication.manifests].map((one) => one.digest);
}

/** Shows the image, or what somebody deleted of it, and moves the tags. Throws `BLOB_UNKNOWN` when a part of it is gone. */
async function show(ports: ImageReconcilerPorts, result: ImageResult): Promise<void> {
  // It may have been tested for hours: what is shown is there at this moment, and from here on it stays.
  for (const digest of shownDigests(result))
    if ((await ports.blobs.touch(digest)) === undefined) throw blobUnknown(digest);
  await ports.registry.publish({
    repository: result.repository,
    blobs: result.publication.blobs,
    manifests: result.publication.manifests,
    components: [
      {
        digest: result.index,
        components: result.packages.map(({ name, version }) => ({ type: 'apk', name, version })),
      },
    ],
    tags: result.tags.map((tag) => ({ tag, digest: result.index, expected: 'any' })),
  });
  await hideBroken(ports, result);
}
