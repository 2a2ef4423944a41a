import { printIndexMember } from '@kiln/apk';
import type { BlobStore } from '@kiln/blobs';
import { compareBytes, concatBytes, digestOf } from '@kiln/base';
import type { BuiltPackage, FactoryRecords, Generation, IndexBundle } from '@kiln/factory';
import { heldResults, lookAt, packageKey } from '@kiln/factory';
import type { Key, Outcome, ReconcileContext, Reconciler } from '@kiln/queue';
import { requeueAfter } from '@kiln/queue';
import type { Signer } from '@kiln/trust';

export interface IndexReconcilerPorts {
  readonly records: FactoryRecords;
  readonly blobs: BlobStore;
  readonly signer: Signer;
}

/**
 * Keeps the current generation of a repository equal to the packages that stand: the last good result of each of its
 * keys, as far as its tests and those of what it was made of passed; until then what is shown already. A generation is
 * immutable; readers see the one before or the one after. When the packages are those of the current generation nothing is
 * written, and a lost index file is signed again, which gives the same bytes.
 */
export function indexReconciler(ports: IndexReconcilerPorts): Reconciler {
  return {
    prefix: 'index',
    concurrency: 1,
    reconcile: (key, context) => reconcileIndex(ports, key, context),
  };
}

function reconcileIndex(
  ports: IndexReconcilerPorts,
  key: Key,
  context: ReconcileContext,
): Promise<Outcome> {
  return lookAt(ports, {
    kind: 'index',
    key,
    context,
    // Of an index that nobody wants the published generations stay addressable; only the state goes.
    look: async (bundle, writer) => {
      const published = await publish(ports, key, bundle);
      if (published === undefined) return requeueAfter(100, 'another generation came first');
      if (published === 'unattested')
        return requeueAfter(unattestedMs, 'nobody has said yet how a package was made');
      context.logger.debug('index compared', { key, repository: bundle.repository });
      return await writer.ready(published);
    },
  });
}

/** How soon an index is looked at again that would show a package without a statement of how it was made. */
const unattestedMs = 2_000;

/** The digest of the unsigned index that is current now; undefined when somebody else published meanwhile. */
async function publish(
  ports: IndexReconcilerPorts,
  key: Key,
  bundle: IndexBundle,
): Promise<IndexDigest | 'unattested' | undefined> {
  const current = await ports.records.currentGeneration(bundle.repository, bundle.arch);
  const packages = await standing(ports.records, bundle, current);
  if (await anyUnattested(ports.records, packages, current)) return 'unattested';
  const member = printIndexMember(
    packages.map((one) => one.record),
    `${bundle.repository} ${bundle.arch}`,
  );
  const unsigned = digestOf(member);
  const same = current?.unsigned === unsigned;
  if (same && (await ports.blobs.stat(current.indexBlob)) !== undefined) return unsigned;
  await ports.records.recordLedger([{ kind: 'index', digest: unsigned, key }]);
  const signature = await ports.signer.signIndex(unsigned);
  const { digest } = await ports.blobs.put(concatBytes([signature, member]));
  if (same && current.indexBlob === digest) return unsigned;
  const next = {
    repository: bundle.repository,
    arch: bundle.arch,
    indexBlob: digest,
    unsigned,
    packages,
  };
  const published = await ports.records.publishGeneration(next, current?.number ?? 0);
  return published === undefined ? undefined : unsigned;
}

/**
 * True when a package that would become visible has no statement of how it was made. A build is recorded after its
 * statements, so only a build of a Kiln that made none can come here without one; its key says it at its next look.
 */
async function anyUnattested(
  records: FactoryRecords,
  packages: readonly BuiltPackage[],
  current: Generation | undefined,
): Promise<boolean> {
  const visible = new Set(current?.packages.map((one) => one.apk));
  const added = packages.map((one) => one.apk).filter((apk) => !visible.has(apk));
  const attested = new Set((await records.attestations(added)).map((one) => one.subject));
  return added.some((apk) => !attested.has(apk));
}

type IndexDigest = ReturnType<typeof digestOf>;

/**
 * The packages of the last good result of each key, by name and version. Of a key whose result is held back those that are
 * visible: another version, or none.
 */
async function standing(
  records: FactoryRecords,
  bundle: IndexBundle,
  current: Generation | undefined,
): Promise<readonly BuiltPackage[]> {
  const { built, held } = await heldResults(records, {
    packages: [...bundle.below, ...bundle.packages],
    tests: bundle.tests,
  });
  const visible = Map.groupBy(current?.packages ?? [], ({ record }) =>
    packageKey(record.origin, bundle.arch),
  );
  const packages = bundle.packages.flatMap(
    (key) => (held.has(key) ? visible.get(key) : built.get(key)?.packages) ?? [],
  );
  const order = ({ record }: BuiltPackage): string => `${record.name}\n${record.version}`;
  return packages.sort((a, b) => compareBytes(order(a), order(b)));
}
