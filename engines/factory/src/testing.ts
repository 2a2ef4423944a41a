import { emptyRecord } from '@kiln/apk';
import type { IndexRecord } from '@kiln/apk';
import type { BlobStore } from '@kiln/blobs';
import type { Digest } from '@kiln/base';
import { canonicalJson, compareBytes, digestOf, hexOf } from '@kiln/base';
import type { EnqueueRequest, Key } from '@kiln/queue';
import type { Bundle } from './bundle.ts';
import { parseKey } from './keys.ts';
import type {
  ActionResult,
  BuiltPackage,
  CatalogProblem,
  Dependant,
  Desired,
  FactoryRecords,
  Generation,
  GenerationHead,
  KeyState,
  LedgerEntry,
  PackageAttestation,
  PackageResult,
} from './records.ts';

/** For tests: the records of a factory in memory. What is enqueued with a change is kept in `enqueued`, in order. */
export class MemoryRecords implements FactoryRecords {
  readonly enqueued: EnqueueRequest[] = [];
  readonly #desired = new Map<Key, Desired>();
  readonly #states = new Map<Key, KeyState>();
  readonly #actions = new Map<Digest, ActionResult>();
  readonly #ledger = new Set<string>();
  readonly #attestations = new Map<string, PackageAttestation>();
  readonly #generations: Generation[] = [];
  #problems: readonly CatalogProblem[] = [];

  /** Stores a bundle, and makes it the desired state of its key. */
  async want(
    blobs: BlobStore,
    key: Key,
    bundle: Bundle,
    dependsOn: readonly Key[] = [],
  ): Promise<void> {
    const { digest } = await blobs.put(Buffer.from(canonicalJson(bundle)));
    const { kind, name } = parseKey(key);
    const desired = { key, kind, name, catalog: 'os', bundle: digest, dependsOn, mayNeed: [] };
    this.#desired.set(key, desired);
  }

  /** Leaves a key as its reconciler does whose action has this result; one that nobody wants is wanted from then on. */
  async finish(key: Key, result: ActionResult): Promise<void> {
    const { kind, name } = parseKey(key);
    const desired = this.#desired.get(key) ?? {
      key,
      kind,
      name,
      catalog: 'os',
      bundle: digestOf(key),
      dependsOn: [],
      mayNeed: [],
    };
    this.#desired.set(key, desired);
    const action = digestOf(canonicalJson([key, result]));
    await this.recordAction(action, key, result);
    await this.setState({
      key,
      desired: desired.bundle,
      status: 'ready',
      stage: '',
      waitingFor: [],
      errorCode: '',
      errorMessage: '',
      errorHint: '',
      action,
    });
  }

  async desired(key: Key): Promise<Desired | undefined> {
    return this.#desired.get(key);
  }

  async listDesired(): Promise<readonly Desired[]> {
    return [...this.#desired.values()];
  }

  async applyCatalog(
    catalog: string,
    desired: readonly Desired[],
    problems: readonly CatalogProblem[],
  ): Promise<readonly Key[]> {
    const kept = new Set<string>([...desired, ...problems].map(({ key }) => key));
    for (const one of this.#desired.values())
      if (one.catalog === catalog && !kept.has(one.key)) this.#desired.delete(one.key);
    for (const one of desired) this.#desired.set(one.key, one);
    this.#problems = problems;
    return desired.map(({ key }) => key);
  }

  async retainCatalogs(names: readonly string[]): Promise<void> {
    for (const one of this.#desired.values())
      if (!names.includes(one.catalog)) this.#desired.delete(one.key);
  }

  async problems(): Promise<readonly CatalogProblem[]> {
    return this.#problems;
  }

  async dependants(keys: readonly Key[]): Promise<readonly Dependant[]> {
    const found = [...this.#desired.values()].filter(({ dependsOn, mayNeed }) =>
      [...dependsOn, ...mayNeed].some((key) => keys.includes(key)),
    );
    return found
      .map(({ key, first = false }) => ({ key, first }))
      .toSorted((a, b) => compareBytes(a.key, b.key));
  }

  async state(key: Key): Promise<KeyState | undefined> {
    return this.#states.get(key);
  }

  async states(keys: readonly Key[]): Promise<ReadonlyMap<Key, KeyState>> {
    return new Map([...this.#states].filter(([key]) => keys.includes(key)));
  }

  async listStates(): Promise<readonly KeyState[]> {
    return [...this.#states.values()];
  }

  async setState(
    state: Omit<KeyState, 'updatedAt'>,
    follow: readonly EnqueueRequest[] = [],
  ): Promise<void> {
    if (this.#desired.has(state.key)) this.#states.set(state.key, { ...state, updatedAt: 0 });
    this.enqueued.push(...follow);
  }

  async dropState(key: Key): Promise<void> {
    this.#states.delete(key);
  }

  async action(action: Digest): Promise<ActionResult | undefined> {
    return this.#actions.get(action);
  }

  async actions(actions: readonly Digest[]): Promise<ReadonlyMap<Digest, ActionResult>> {
    return new Map([...this.#actions].filter(([action]) => actions.includes(action)));
  }

  useAction(action: Digest): Promise<ActionResult | undefined> {
    return this.action(action);
  }

  async recordAction(action: Digest, _key: Key, result: ActionResult): Promise<void> {
    this.#actions.set(action, result);
  }

  async forgetAction(action: Digest): Promise<void> {
    this.#actions.delete(action);
  }

  async recordLedger(entries: readonly LedgerEntry[]): Promise<void> {
    for (const { kind, digest } of entries) this.#ledger.add(`${kind} ${digest}`);
  }

  async inLedger(kind: LedgerEntry['kind'], digest: Digest): Promise<boolean> {
    return this.#ledger.has(`${kind} ${digest}`);
  }

  async ledgerOf(
    kind: LedgerEntry['kind'],
    digests: readonly Digest[],
  ): Promise<ReadonlySet<Digest>> {
    const recorded = await Promise.all(digests.map((digest) => this.inLedger(kind, digest)));
    return new Set(digests.filter((_, at) => recorded[at]));
  }

  async recordAttestations(_key: Key, attestations: readonly PackageAttestation[]): Promise<void> {
    for (const one of attestations)
      this.#attestations.set(`${one.subject} ${one.predicateType}`, one);
  }

  async attestations(subjects: readonly Digest[]): Promise<readonly PackageAttestation[]> {
    return [...this.#attestations.values()].filter(({ subject }) => subjects.includes(subject));
  }

  async currentGeneration(repository: string, arch: string): Promise<Generation | undefined> {
    return this.#generations.findLast((one) => one.repository === repository && one.arch === arch);
  }

  async generationHead(repository: string, arch: string): Promise<GenerationHead | undefined> {
    const current = await this.currentGeneration(repository, arch);
    if (current === undefined) return undefined;
    const { packages: _packages, ...head } = current;
    return head;
  }

  async generation(
    repository: string,
    arch: string,
    number: number,
  ): Promise<Generation | undefined> {
    return this.#generations.find(
      (one) => one.repository === repository && one.arch === arch && one.number === number,
    );
  }

  async publishGeneration(
    next: Omit<Generation, 'number' | 'createdAt'>,
    previous: number,
  ): Promise<Generation | undefined> {
    const current = await this.currentGeneration(next.repository, next.arch);
    if ((current?.number ?? 0) !== previous) return undefined;
    const generation = { ...next, number: previous + 1, createdAt: 0 };
    this.#generations.push(generation);
    return generation;
  }
}

/** For tests: a package as a build gives it. `content` tells its bytes from those of another build. */
export function builtPackage(
  facts: Pick<IndexRecord, 'name' | 'version'> & Partial<IndexRecord>,
  content = '',
): BuiltPackage {
  const { name, version } = facts;
  const apk = digestOf(`${name} ${version} ${content}`);
  const checksum = `Q1${Buffer.from(apk).subarray(7, 27).toString('base64').slice(0, 27)}=`;
  const record = {
    ...emptyRecord,
    arch: 'x86_64',
    sizeBytes: 1,
    installedSizeBytes: 1,
    license: 'MIT',
    origin: name,
    checksum,
    ...facts,
  };
  return { file: `${name}-${version}.apk`, apk, record };
}

/** For tests: what a build of these packages gives, that had those in its environment. */
export function buildResult(
  packages: readonly BuiltPackage[],
  inputs: readonly BuiltPackage[] = [],
): PackageResult {
  return {
    kind: 'package',
    packages,
    inputs: inputs.map(({ apk, file }) => ({
      name: file,
      uri: '',
      digest: { sha256: hexOf(apk) },
    })),
  };
}
