import type {
  BuiltPackage,
  Desired,
  FactoryRecords,
  Generation,
  PackageResult,
} from '@kiln/factory';
import {
  heldResults,
  packageKey,
  packagesOf,
  parseKey,
  passedTests,
  provenanceOf,
  provenanceSuffix,
  seedKey,
  testKey,
} from '@kiln/factory';
import type { Key } from '@kiln/queue';
import type { PackageDetail, PackageSummary } from './api/schemas.ts';
import { packageCheckCommand } from './check-commands.ts';
import type { Addresses } from './views.ts';

async function generations(records: FactoryRecords, seed: boolean): Promise<readonly Generation[]> {
  const found: Generation[] = [];
  for (const one of await records.listDesired()) {
    if (one.kind !== 'index' && !(seed && one.kind === 'seed')) continue;
    const { arch } = parseKey(one.key);
    const generation = await records.currentGeneration(
      one.kind === 'seed' ? 'seed' : one.name,
      arch,
    );
    if (generation !== undefined) found.push(generation);
  }
  return found;
}

function summaryOf({ apk, record }: BuiltPackage, repository: string): PackageSummary {
  return {
    name: record.name,
    version: record.version,
    arch: record.arch,
    origin: record.origin,
    repository,
    description: record.description,
    license: record.license,
    sizeBytes: record.sizeBytes,
    installedSizeBytes: record.installedSizeBytes,
    checksum: record.checksum,
    apk,
  };
}

export async function listPackages(
  records: FactoryRecords,
  seed: boolean,
): Promise<readonly PackageSummary[]> {
  return (await generations(records, seed)).flatMap(({ packages, repository }) =>
    packages.map((one) => summaryOf(one, repository)),
  );
}

/** A package, and where it is shown: the architecture is that of the repository. */
interface FoundPackage {
  readonly built: BuiltPackage;
  readonly repository: string;
  readonly arch: string;
  readonly published: boolean;
}

/** The package as the indexes show it; one that waits for its first test as it was built. */
async function findPackage(
  records: FactoryRecords,
  name: string,
): Promise<FoundPackage | undefined> {
  for (const { packages, repository, arch } of await generations(records, true)) {
    const built = packages.find(({ record }) => record.name === name);
    if (built !== undefined) return { built, repository, arch, published: true };
  }
  const desired = (await records.listDesired()).filter(({ kind }) => kind === 'package');
  const states = await records.states(desired.map(({ key }) => key));
  const results = await records.actions([...states.values()].flatMap(({ action }) => action ?? []));
  for (const { key, catalog } of desired) {
    const action = states.get(key)?.action;
    const result = action === undefined ? undefined : results.get(action);
    if (result?.kind !== 'package') continue;
    const built = result.packages.find(({ record }) => record.name === name);
    if (built !== undefined)
      return { built, repository: catalog, arch: parseKey(key).arch, published: false };
  }
  return undefined;
}

export async function packageDetail(
  records: FactoryRecords,
  name: string,
  addresses: Addresses,
): Promise<PackageDetail | undefined> {
  const found = await findPackage(records, name);
  if (found === undefined) return undefined;
  const { built, repository, arch, published } = found;
  const { origin, url, depends, provides, buildTimeSeconds } = built.record;
  const fromSeed = repository === 'seed';
  const key = fromSeed ? seedKey(arch) : packageKey(origin, arch);
  const last = await packagesOf(records, await records.state(key));
  // What was built last may be held back, and was made of other things.
  const result = last?.packages.some(({ apk }) => apk === built.apk) === true ? last : undefined;
  return {
    ...summaryOf(built, repository),
    published,
    key,
    url,
    depends: [...depends],
    provides: [...provides],
    buildTimeSeconds,
    test: fromSeed ? null : await testDetail(records, testKey(origin, arch)),
    heldBack: fromSeed ? null : await heldDetail(records, { found, key, last }),
    provenance: published ? await provenanceDetail(records, found, addresses) : null,
    findings: findingsOf(result, name),
    inputs: (result?.inputs ?? [])
      // The seed is one result of many packages, each of which wraps the one of its name.
      .filter((input) => !fromSeed || input.name === name)
      .map((one) => ({ ...one, digest: { ...one.digest } })),
  };
}

/** How the tests of a recipe stand; null when it has none. */
async function testDetail(records: FactoryRecords, key: Key): Promise<PackageDetail['test']> {
  const desired = await records.desired(key);
  if (desired === undefined) return null;
  const state = await records.state(key);
  const current = state?.desired === desired.bundle ? state : undefined;
  const { errorCode = '', errorMessage = '', errorHint = '' } = current ?? {};
  return {
    key,
    status: current?.status ?? 'queued',
    passed: ((await passedTests(records, state))?.tests ?? []).map((one) => ({ ...one })),
    error: errorCode === '' ? null : { code: errorCode, message: errorMessage, hint: errorHint },
  };
}

interface HeldRequest {
  readonly found: FoundPackage;
  readonly key: Key;
  /** What was built last. */
  readonly last: PackageResult | undefined;
}

/** What was built and is not shown, and the tests that it waits for; null when what was built last is shown. */
async function heldDetail(
  records: FactoryRecords,
  { found, key, last }: HeldRequest,
): Promise<PackageDetail['heldBack']> {
  const { built, published } = found;
  const latest = last?.packages.find(({ record }) => record.name === built.record.name);
  if (latest === undefined || (published && latest.apk === built.apk)) return null;
  const desired = await records.listDesired();
  const keysOf = (kind: Desired['kind']): readonly Key[] =>
    desired.filter((one) => one.kind === kind).map((one) => one.key);
  const { held } = await heldResults(records, {
    packages: keysOf('package'),
    tests: keysOf('test'),
  });
  const tests = held.get(key);
  return tests === undefined ? null : { version: latest.record.version, tests: [...tests] };
}

function findingsOf(result: PackageResult | undefined, name: string): PackageDetail['findings'] {
  return (result?.findings ?? [])
    .filter((one) => one.package === name)
    .map(({ linter, message, explain, items }) => ({
      linter,
      message,
      explain,
      items: [...items],
    }));
}

async function provenanceDetail(
  records: FactoryRecords,
  { built, repository, arch }: FoundPackage,
  { registry, key }: Addresses,
): Promise<PackageDetail['provenance']> {
  const digest = await provenanceOf(records, built.apk);
  if (digest === undefined) return null;
  const file = `${built.file}${provenanceSuffix}`;
  const folder = `http://${registry}/apk/${repository}/${arch}`;
  return {
    digest,
    address: `${folder}/${encodeURIComponent(file)}`,
    verify: packageCheckCommand({ key, bundle: file, file: built.file }),
  };
}
