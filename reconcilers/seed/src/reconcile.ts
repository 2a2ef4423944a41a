import { checksumOf, printIndexMember, recordOf } from '@kiln/apk';
import type { BlobStore } from '@kiln/blobs';
import type { Digest } from '@kiln/base';
import {
  KilnError,
  compareBytes,
  concatBytes,
  digestOf,
  digestOfValue,
  mapBounded,
  counted,
} from '@kiln/base';
import type {
  AttemptLog,
  AttemptLogs,
  BuiltPackage,
  FactoryRecords,
  PackageResult,
  ResolvedInput,
  SeedBundle,
} from '@kiln/factory';
import { allPresent, lookAt, unattested } from '@kiln/factory';
import type { Key, Outcome, ReconcileContext, Reconciler } from '@kiln/queue';
import { requeueAfter } from '@kiln/queue';
import type { DebianArchive, SeedDefinition, WrappedPackage } from '@kiln/seed';
import { addToSeed, makeSeed, parseSeed, parseSeedAddition, stageText } from '@kiln/seed';
import type { Signer } from '@kiln/trust';
import type { SeedBuilder } from './attest.ts';
import { attestSeed } from './attest.ts';

export interface SeedReconcilerPorts {
  readonly records: FactoryRecords;
  readonly blobs: BlobStore;
  readonly signer: Signer;
  readonly archive: DebianArchive;
  readonly logs: AttemptLogs;
  /** What wraps, in provenance. */
  readonly builder: SeedBuilder;
}

/** The name of the seed's repository. */
export const seedRepository = 'seed';

/**
 * Keeps the seed what its definition says: Debian's packages, resolved once per definition, wrapped as signed apks in a
 * repository of their own. The resolved versions stay until the definition changes, so that environments do not change
 * because the archive did.
 */
export function seedReconciler(ports: SeedReconcilerPorts): Reconciler {
  return {
    prefix: 'seed',
    concurrency: 1,
    reconcile: (key, context) => reconcileSeed(ports, key, context),
  };
}

function reconcileSeed(
  ports: SeedReconcilerPorts,
  key: Key,
  context: ReconcileContext,
): Promise<Outcome> {
  return lookAt(ports, {
    kind: 'seed',
    key,
    context,
    look: async (bundle, writer, desired) => {
      const action = digestOfValue({ action: 'seed/1', bundle: desired.bundle });
      let result = await atHand(ports, action);
      if (result === undefined) {
        result = await wrapSeed(ports, {
          key,
          bundle,
          context,
          working: (stage) => writer.working(stage),
        });
        await ports.records.recordAction(action, key, result);
      }
      // Before they are shown: no index shows a package without.
      const packages = await unattested(ports, result.packages);
      if (packages.length > 0)
        await attestSeed(ports, { key, bundle, packages, inputs: result.inputs });
      if (!(await publish(ports, key, bundle, result)))
        return requeueAfter(100, 'another generation came first');
      return await writer.ready(action);
    },
  });
}

async function atHand(
  ports: SeedReconcilerPorts,
  action: Digest,
): Promise<PackageResult | undefined> {
  const result = await ports.records.useAction(action);
  if (result?.kind !== 'package') return undefined;
  if (
    await allPresent(
      ports.blobs,
      result.packages.map((one) => one.apk),
    )
  )
    return result;
  await ports.records.forgetAction(action);
  return undefined;
}

interface WrapRequest {
  readonly key: Key;
  readonly bundle: SeedBundle;
  readonly context: ReconcileContext;
  working(stage: string): Promise<void>;
}

function definitionOf({ source, additions = [] }: SeedBundle): SeedDefinition {
  return addToSeed(
    parseSeed(source, 'seed.yaml'),
    additions.map(({ file, text }) => parseSeedAddition(text, file)),
  );
}

async function wrapSeed(ports: SeedReconcilerPorts, request: WrapRequest): Promise<PackageResult> {
  const { bundle, context } = request;
  const log = ports.logs.open(context.attemptId);
  try {
    await context.attachLog(log.reference);
    const wrapped = await makeSeed({
      definition: definitionOf(bundle),
      archive: ports.archive,
      blobs: ports.blobs,
      buildTimeSeconds: bundle.epochSeconds,
      signal: context.signal,
      onStage: (stage) => {
        if (stage.kind === 'resolved') log.write(`${stage.packages} Debian packages\n`);
        const text = stageText(stage);
        if (text === undefined) return;
        if (stage.kind === 'wrapping' && stage.packages % 20 !== 0) return;
        // What is shown may be late or lost; a database that is gone stops the work elsewhere.
        void request.working(text).catch(() => undefined);
      },
    });
    await request.working('signing');
    return await sign(ports, request, wrapped, log);
  } catch (error) {
    if (error instanceof KilnError) log.write(`error[${error.code}]: ${error.message}\n`);
    throw error;
  } finally {
    log.close();
  }
}

/** How many packages are signed and put together at once: each waits for the signer, the records and the disk. */
const signedAtOnce = 4;

async function sign(
  ports: SeedReconcilerPorts,
  request: WrapRequest,
  wrapped: readonly WrappedPackage[],
  log: AttemptLog,
): Promise<PackageResult> {
  await ports.records.recordLedger(
    wrapped.map((one) => ({ kind: 'control', digest: digestOf(one.control), key: request.key })),
  );
  const packages = await mapBounded(wrapped, signedAtOnce, async (one): Promise<BuiltPackage> => {
    const { control, data, info } = one;
    const { epochSeconds } = request.bundle;
    const signature = await ports.signer.signControl(digestOf(control), epochSeconds);
    const apk = await ports.blobs.put(segments(ports.blobs, [signature, control], data));
    return {
      file: `${info.name}-${info.version}.apk`,
      apk: apk.digest,
      record: recordOf(info, checksumOf(control), apk.sizeBytes),
    };
  });
  // Only now: packages without files share one data segment.
  for (const one of wrapped) await ports.blobs.delete(one.data);
  log.write(`${counted(packages.length, 'package')} wrapped and signed\n`);
  const sorted = packages.toSorted((a, b) => compareBytes(a.file, b.file));
  return { kind: 'package', packages: sorted, inputs: wrapped.flatMap(inputOf) };
}

async function* segments(
  blobs: BlobStore,
  first: readonly Uint8Array[],
  data: Digest,
): AsyncGenerator<Uint8Array> {
  yield* first;
  yield* blobs.read(data);
}

function inputOf({ debian }: WrappedPackage): readonly ResolvedInput[] {
  if (debian === undefined) return [];
  const { name, version, architecture, sha256 } = debian;
  return [
    {
      name,
      uri: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`,
      digest: { sha256 },
    },
  ];
}

/** Makes the seed's packages the current generation; false when somebody else published meanwhile. */
async function publish(
  ports: SeedReconcilerPorts,
  key: Key,
  bundle: SeedBundle,
  result: PackageResult,
): Promise<boolean> {
  const current = await ports.records.currentGeneration(seedRepository, bundle.arch);
  const member = printIndexMember(
    result.packages.map((one) => one.record),
    `${seedRepository} ${bundle.arch}`,
  );
  const unsigned = digestOf(member);
  const same = current?.unsigned === unsigned;
  if (same && (await ports.blobs.stat(current.indexBlob)) !== undefined) return true;
  await ports.records.recordLedger([{ kind: 'index', digest: unsigned, key }]);
  const { digest } = await ports.blobs.put(
    concatBytes([await ports.signer.signIndex(unsigned), member]),
  );
  if (same && current.indexBlob === digest) return true;
  const next = {
    repository: seedRepository,
    arch: bundle.arch,
    indexBlob: digest,
    unsigned,
    packages: result.packages,
  };
  return (await ports.records.publishGeneration(next, current?.number ?? 0)) !== undefined;
}
