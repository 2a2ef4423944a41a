import type { IndexRecord } from '@kiln/apk';
import { canonicalJson, digestOf, silentLogger } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import type {
  Desired,
  FactoryRecords,
  Generation,
  IndexBundle,
  KeyState,
  PackageAttestation,
} from '@kiln/factory';
import type { Key, ReconcileContext } from '@kiln/queue';
import type { Signer } from '@kiln/trust';
import { expect, test } from 'vitest';
import { indexReconciler } from './reconcile.ts';

const index: Key = 'index:os@x86_64';
const zlib: Key = 'package:zlib@x86_64';
const apk = digestOf('apk of zlib');
const action = digestOf('action');
const record: IndexRecord = {
  checksum: `Q1${'A'.repeat(27)}=`,
  name: 'zlib',
  version: '1.3-r0',
  arch: 'x86_64',
  sizeBytes: 1,
  installedSizeBytes: 1,
  description: '',
  url: '',
  license: 'Zlib',
  origin: 'zlib',
  maintainer: '',
  buildTimeSeconds: 0,
  commit: '',
  depends: [],
  provides: [],
  installIf: [],
  providerPriority: undefined,
};
const built = { file: 'zlib-1.3-r0.apk', apk, record };

/** One look at an index whose only package is built. */
async function look(
  attestations: readonly PackageAttestation[],
  current?: Generation,
): Promise<{ readonly outcome: string; readonly published: readonly string[] }> {
  const blobs = new MemoryBlobs();
  const bundle: IndexBundle = { kind: 'index', repository: 'os', arch: 'x86_64', packages: [zlib] };
  const { digest } = await blobs.put(Buffer.from(canonicalJson(bundle)));
  const desired: Desired = {
    key: index,
    kind: 'index',
    name: 'os',
    catalog: 'os',
    bundle: digest,
    dependsOn: [zlib],
    mayNeed: [],
  };
  const published: string[] = [];
  const records: Partial<FactoryRecords> = {
    desired: async () => desired,
    state: async () => undefined,
    states: async () => new Map([[zlib, { key: zlib, action } as KeyState]]),
    action: async () => ({ kind: 'package', packages: [built], inputs: [] }),
    attestations: async (subjects) => attestations.filter((one) => subjects.includes(one.subject)),
    currentGeneration: async () => current,
    recordLedger: async () => undefined,
    dependants: async () => [],
    setState: async () => undefined,
    publishGeneration: async (next, previous) => {
      published.push(...next.packages.map(({ file }) => file));
      return { ...next, number: previous + 1, createdAt: 0 };
    },
  };
  const signer = { signIndex: async () => Buffer.from('signature') } as unknown as Signer;
  const reconciler = indexReconciler({ records: records as FactoryRecords, blobs, signer });
  const context = {
    signal: new AbortController().signal,
    logger: silentLogger,
  } as unknown as ReconcileContext;
  return { outcome: (await reconciler.reconcile(index, context)).kind, published };
}

const said: PackageAttestation = {
  subject: apk,
  predicateType: 'https://slsa.dev/provenance/v1',
  bundle: digestOf('bundle'),
};

test('a package is shown once it is said how it was made', async () => {
  expect(await look([said])).toEqual({ outcome: 'done', published: ['zlib-1.3-r0.apk'] });
});

test('a package of which nothing is said is not shown, and the index is looked at again', async () => {
  expect(await look([])).toEqual({ outcome: 'requeueAfter', published: [] });
  const other = { ...said, subject: digestOf('another apk') };
  expect(await look([other])).toEqual({ outcome: 'requeueAfter', published: [] });
});

test('what is visible already stays, whatever is said of it', async () => {
  const current: Generation = {
    repository: 'os',
    arch: 'x86_64',
    number: 4,
    indexBlob: digestOf('lost index'),
    unsigned: digestOf('another index'),
    packages: [built],
    createdAt: 0,
  };
  expect(await look([], current)).toEqual({ outcome: 'done', published: ['zlib-1.3-r0.apk'] });
});
