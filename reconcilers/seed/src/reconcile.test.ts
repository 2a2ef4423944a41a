import type { Digest } from '@kiln/base';
import { digestFromHex, digestOf, silentLogger } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import type { SeedBundle } from '@kiln/factory';
import { provenanceOf } from '@kiln/factory';
import { MemoryRecords } from '@kiln/factory/testing';
import type { Key, ReconcileContext } from '@kiln/queue';
import type { DebianArchive, OpenDeb } from '@kiln/seed';
import type { Signer } from '@kiln/trust';
import { generateSigningKeys, localSigner, openSigningKeys, verifyPackage } from '@kiln/trust';
import { beforeEach, expect, test } from 'vitest';
import { seedReconciler } from './reconcile.ts';

const key: Key = 'seed:x86_64';
const source = `
architecture: x86_64
roots: [tool]
drop: []
so-provides: []
packages: {}
aliases: { group: { description: A group, depends: [tool] } }
base: { name: base, directories: { tmp: '1777' }, links: {}, files: {} }
`;
const bundle: SeedBundle = { kind: 'seed', arch: 'x86_64', epochSeconds: 1_700_000_000, source };
const deb = digestOf('the file of tool');
const keys = openSigningKeys(await generateSigningKeys());

let records: MemoryRecords;
let blobs: MemoryBlobs;
/** Debian packages that were opened. */
let opened: number;
let signed: number;

/** An archive of one package without files. */
const archive: DebianArchive = {
  resolveClosure: async () => [
    {
      name: 'tool',
      version: '1.0-2',
      architecture: 'amd64',
      source: 'tools',
      essential: false,
      summary: 'A tool',
      homepage: '',
      depends: [],
      provides: [],
      sha256: deb.slice(7),
      sizeBytes: 1,
    },
  ],
  downloadDebs: async () => [deb],
  open: (_deb, use) => {
    opened += 1;
    const control: OpenDeb['control'] = new Map([
      ['package', 'tool'],
      ['version', '1.0-2'],
      ['architecture', 'amd64'],
    ]);
    return use({ control, members: (async function* () {})() });
  },
};

beforeEach(async () => {
  records = new MemoryRecords();
  blobs = new MemoryBlobs();
  opened = 0;
  signed = 0;
  await records.want(blobs, key, bundle);
});

async function look(): Promise<string> {
  const own = localSigner(keys, {
    isRecordedControl: (digest) => records.inLedger('control', digest),
    isRecordedIndex: (digest) => records.inLedger('index', digest),
    recordedStatement: async () => undefined,
    recordedStatements: async (digests) => {
      const found = new Map<Digest, () => Promise<Uint8Array>>();
      for (const digest of digests)
        if (await records.inLedger('statement', digest))
          found.set(digest, async () => blobs.bytes(digest));
      return found;
    },
  });
  const signer: Signer = {
    ...own,
    signStatements: (digests) => {
      signed += digests.length;
      return own.signStatements(digests);
    },
  };
  const reconciler = seedReconciler({
    records,
    blobs,
    signer,
    archive,
    logs: {
      open: () => ({ reference: 'log', write: () => undefined, close: () => undefined }),
    },
    builder: { name: 'kiln', version: '1' },
  });
  const context = {
    signal: new AbortController().signal,
    attemptId: 'a',
    logger: silentLogger,
    attachLog: async () => undefined,
  } as unknown as ReconcileContext;
  return (await reconciler.reconcile(key, context)).kind;
}

/** The statements beside the packages that are shown, by name. */
async function said(): Promise<ReadonlyMap<string, Record<string, unknown>>> {
  const found = new Map<string, Record<string, unknown>>();
  for (const { apk, record } of (await records.currentGeneration('seed', 'x86_64'))?.packages ??
    []) {
    const provenance = await provenanceOf(records, apk);
    const bytes = await blobs.bytes(provenance ?? digestFromHex(''));
    const { dsseEnvelope } = JSON.parse(Buffer.from(bytes).toString()) as {
      dsseEnvelope: { payload: string };
    };
    const payload = Buffer.from(dsseEnvelope.payload, 'base64').toString();
    found.set(record.name, JSON.parse(payload) as Record<string, unknown>);
    const report = await verifyPackage({
      name: record.name,
      read: () => blobs.read(apk),
      provenance: bytes,
      imageKeyPem: (await localSigner(keys, never).publicKeys()).imageKeyPem,
      keyring: undefined,
    });
    expect([record.name, report.verified]).toEqual([record.name, true]);
  }
  return found;
}

const never = {
  isRecordedControl: async () => false,
  isRecordedIndex: async () => false,
  recordedStatement: async () => undefined,
  recordedStatements: async () => new Map(),
};

test('every package of the seed has signed provenance, that of its Debian package in it', async () => {
  expect(await look()).toBe('done');
  const statements = await said();
  expect([...statements.keys()]).toEqual(['base', 'group', 'tool']);
  expect(statements.get('tool')).toMatchObject({
    predicateType: 'https://slsa.dev/provenance/v1',
    subject: [{ name: expect.stringMatching(/^tool-1\.0\S*\.apk$/) }],
    predicate: {
      buildDefinition: {
        buildType: 'kiln:build-type/seed-package/v1',
        externalParameters: { name: 'tool', definition: [source] },
        resolvedDependencies: [
          {
            name: 'tool',
            uri: 'pkg:deb/debian/tool@1.0-2?arch=amd64',
            digest: { sha256: deb.slice(7) },
          },
        ],
      },
      runDetails: { builder: { version: { kiln: '1' } } },
    },
  });
  expect(statements.get('group')).toMatchObject({
    predicate: { buildDefinition: { resolvedDependencies: [] } },
  });
});

test('a statement that was lost is signed again, the others stay, and nothing is wrapped', async () => {
  await look();
  const [one] = (await records.currentGeneration('seed', 'x86_64'))?.packages ?? [];
  await blobs.delete((await provenanceOf(records, one?.apk ?? deb)) ?? deb);
  signed = 0;
  opened = 0;
  expect(await look()).toBe('done');
  expect([signed, opened]).toEqual([1, 0]);
  expect((await said()).size).toBe(3);
  expect(await look()).toBe('done');
  expect([signed, opened]).toEqual([1, 0]);
});
