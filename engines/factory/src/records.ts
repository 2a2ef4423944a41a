import type { LockedPackage } from './lock-memo.ts';
import type { IndexRecord } from '@kiln/apk';
import type { Digest } from '@kiln/base';
import type { EnqueueRequest, Key } from '@kiln/queue';
import type { BlobLink, RegistryManifest } from './registry-state.ts';

/** What a key of the line is about. */
export type KeyKind = 'seed' | 'package' | 'test' | 'index' | 'image';

/** The desired state of one key, as the catalog says it. */
export interface Desired {
  /** `package:zlib@x86_64`, `test:zlib@x86_64`, `image:nginx`, `index:kiln-os@x86_64`, `seed:x86_64`. */
  readonly key: Key;
  readonly kind: KeyKind;
  /** Recipe (also of a test) or image name; for an index its repository. */
  readonly name: string;
  readonly catalog: string;
  /** The blob that holds everything the reconciler needs to know; its digest is the desired state's identity. */
  readonly bundle: Digest;
  /** Keys that it needs; their change makes this key worth looking at. */
  readonly dependsOn: readonly Key[];
  /** Keys that it may turn out to need, known only once it is resolved. */
  readonly mayNeed: readonly Key[];
  /** Something that is to be ready first needs it. */
  readonly first?: boolean;
}

/** A key that depends on another. */
export interface Dependant {
  readonly key: Key;
  readonly first: boolean;
}

/** Something in a catalog that could not be read; the desired state before it is kept. */
export interface CatalogProblem {
  readonly catalog: string;
  /** The key that the file would have defined, or "" when it is not known. */
  readonly key: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/**
 * waiting: other keys have to become ready first; working: a step is under way; ready: actual equals desired;
 * failed: parked, the same input would fail again; it is looked at anew when its desired state or a dependency changes.
 */
export type KeyStatus = 'waiting' | 'working' | 'ready' | 'failed';

/** The actual state of one key. */
export interface KeyState {
  readonly key: Key;
  /** The bundle that the state is about. */
  readonly desired: Digest;
  readonly status: KeyStatus;
  /** A few words: the stage of the line while working, the reason while waiting or failed. */
  readonly stage: string;
  readonly waitingFor: readonly Key[];
  readonly errorCode: string;
  readonly errorMessage: string;
  readonly errorHint: string;
  /** The action whose result stands, once there is one. */
  readonly action: Digest | undefined;
  /** Milliseconds since 1970. */
  readonly updatedAt: number;
}

/** Where an input of a build came from, for provenance. */
export interface ResolvedInput {
  readonly name: string;
  readonly uri: string;
  readonly digest: Readonly<Record<string, string>>;
}

/** One finished package file. */
export interface BuiltPackage {
  readonly file: string;
  readonly apk: Digest;
  readonly record: IndexRecord;
}

/** The result of building a recipe or wrapping the seed. */
export interface PackageResult {
  readonly kind: 'package';
  readonly packages: readonly BuiltPackage[];
  readonly inputs: readonly ResolvedInput[];
  /** Absent in results of a Kiln that did not look. */
  readonly findings?: readonly PackageFinding[];
}

/** What a linter that warns found in a package. */
export interface PackageFinding {
  readonly package: string;
  readonly linter: string;
  readonly message: string;
  /** What to do about it. */
  readonly explain: string;
  /** What was found, such as paths; the first of many. */
  readonly items: readonly string[];
}

/** A signed statement about one package file. */
export interface PackageAttestation {
  /** Of the apk. */
  readonly subject: Digest;
  readonly predicateType: string;
  /** The Sigstore bundle, a blob. */
  readonly bundle: Digest;
}

/** A referrer of an image: a signed statement. */
export interface Attachment {
  readonly subject: Digest;
  readonly predicateType: string;
  /** The referrer's manifest. */
  readonly manifest: Digest;
}

export interface ImagePackage {
  readonly name: string;
  readonly version: string;
  readonly checksum: string;
  readonly license: string;
  readonly origin: string;
  readonly installedSizeBytes: number;
}

export interface TestRun {
  readonly passed: boolean;
  readonly steps: readonly {
    readonly name: string;
    readonly passed: boolean;
    readonly durationMs: number;
  }[];
}

/** The result of assembling, testing and signing an image. */
export interface ImageResult {
  readonly kind: 'image';
  readonly repository: string;
  readonly tags: readonly string[];
  /** Digest of the OCI index, which the tags point at. */
  readonly index: Digest;
  /** Digest of the platform manifest. */
  readonly manifest: Digest;
  readonly config: Digest;
  readonly layers: readonly {
    readonly digest: Digest;
    readonly diffId: Digest;
    readonly sizeBytes: number;
  }[];
  /** Compressed size: config and layers. */
  readonly sizeBytes: number;
  readonly packages: readonly ImagePackage[];
  /** What it was made from, so that others can be laid over it while it is made anew. Results of older Kilns do not say. */
  readonly from?: {
    readonly bundle: Digest;
    /** In install order. */
    readonly packages: readonly LockedPackage[];
  };
  readonly test: TestRun;
  readonly attachments: readonly Attachment[];
  /** What the registry shows of it, so that what was deleted there can be shown again. */
  readonly publication: {
    readonly blobs: readonly BlobLink[];
    readonly manifests: readonly Omit<RegistryManifest, 'repository'>[];
  };
}

/** What passed: the tests of package files, each in a guest that held exactly those. A failed test has no result. */
export interface TestResult {
  readonly kind: 'test';
  /** The package files that it speaks for. */
  readonly apks: readonly Digest[];
  readonly tests: readonly {
    readonly package: string;
    readonly durationMs: number;
  }[];
}

/** A layer that images share: what a plan was made into. */
export interface LayerResult {
  readonly kind: 'layer';
  readonly mediaType: string;
  readonly digest: Digest;
  readonly diffId: Digest;
  readonly sizeBytes: number;
}

export type ActionResult = PackageResult | TestResult | ImageResult | LayerResult;

/** What was recorded, so that the signer may sign it. */
export interface LedgerEntry {
  readonly kind: 'control' | 'index' | 'statement';
  readonly digest: Digest;
  readonly key: Key;
}

/** An immutable, signed state of one repository and architecture. */
export interface Generation {
  readonly repository: string;
  readonly arch: string;
  /** Counts from 1. */
  readonly number: number;
  /** The signed `APKINDEX.tar.gz`. */
  readonly indexBlob: Digest;
  /** The unsigned member: what the index says, whoever signed it. */
  readonly unsigned: Digest;
  readonly packages: readonly BuiltPackage[];
  readonly createdAt: number;
}

/** A generation without its packages. */
export type GenerationHead = Omit<Generation, 'packages'>;

/** The durable records of the factory. Implementations share one database with the queue. */
export interface FactoryRecords {
  desired(key: Key): Promise<Desired | undefined>;
  listDesired(): Promise<readonly Desired[]>;
  /**
   * Makes the desired state of one catalog equal to `desired`, except that keys named in `problems` keep theirs, and
   * enqueues what changed or went away, in one transaction. Returns the changed keys.
   */
  applyCatalog(
    catalog: string,
    desired: readonly Desired[],
    problems: readonly CatalogProblem[],
  ): Promise<readonly Key[]>;
  /** Forgets catalogs that are not in `names`; their keys are enqueued to be cleaned up. */
  retainCatalogs(names: readonly string[]): Promise<void>;
  problems(): Promise<readonly CatalogProblem[]>;
  /** Keys that need, or may need, any of these. */
  dependants(keys: readonly Key[]): Promise<readonly Dependant[]>;

  state(key: Key): Promise<KeyState | undefined>;
  states(keys: readonly Key[]): Promise<ReadonlyMap<Key, KeyState>>;
  listStates(): Promise<readonly KeyState[]>;
  /**
   * Writes the state; a key that is no longer desired is not written. `follow` is enqueued in the same transaction, so
   * that a process that dies after it has said so, and one that dies before it has done nothing.
   */
  setState(state: Omit<KeyState, 'updatedAt'>, follow?: readonly EnqueueRequest[]): Promise<void>;
  dropState(key: Key): Promise<void>;

  /** The cached result of an action. */
  action(action: Digest): Promise<ActionResult | undefined>;
  /** Those of `actions` that are cached. */
  actions(actions: readonly Digest[]): Promise<ReadonlyMap<Digest, ActionResult>>;
  /**
   * The same for whoever is about to make it the result that stands: it counts as used now, and is not collected before
   * that is done.
   */
  useAction(action: Digest): Promise<ActionResult | undefined>;
  recordAction(action: Digest, key: Key, result: ActionResult): Promise<void>;
  /** Drops a result whose blobs were lost, so that the action runs again. */
  forgetAction(action: Digest): Promise<void>;

  recordLedger(entries: readonly LedgerEntry[]): Promise<void>;
  inLedger(kind: LedgerEntry['kind'], digest: Digest): Promise<boolean>;
  /** Those of `digests` that were recorded. */
  ledgerOf(kind: LedgerEntry['kind'], digests: readonly Digest[]): Promise<ReadonlySet<Digest>>;

  /** Keeps what is said of package files; of statements of one type about one file the latest stands. */
  recordAttestations(key: Key, attestations: readonly PackageAttestation[]): Promise<void>;
  /** What is said of these package files, in no order. */
  attestations(subjects: readonly Digest[]): Promise<readonly PackageAttestation[]>;

  currentGeneration(repository: string, arch: string): Promise<Generation | undefined>;
  /** Which generation is the current one: what its packages are is not read. */
  generationHead(repository: string, arch: string): Promise<GenerationHead | undefined>;
  generation(repository: string, arch: string, number: number): Promise<Generation | undefined>;
  /** Adds the next generation, if `previous` (0 for none) is still the current one; otherwise undefined. */
  publishGeneration(
    next: Omit<Generation, 'number' | 'createdAt'>,
    previous: number,
  ): Promise<Generation | undefined>;
}
