import type { BlobStore } from '@kiln/blobs';
import type { Digest } from '@kiln/base';
import { KilnError, messageOf } from '@kiln/base';
import type { EnqueueRequest, Key, Outcome, ReconcileContext } from '@kiln/queue';
import { done, nonRetriable, queueKeys, requeueAfter } from '@kiln/queue';
import type { Bundle } from './bundle.ts';
import type {
  ActionResult,
  Desired,
  FactoryRecords,
  KeyState,
  PackageResult,
  TestResult,
} from './records.ts';
import { diskFull, passes } from './trouble.ts';

/** How soon a key is looked at again after a trouble that passes by itself, for a missing blob, and while the disk is full. */
const passingMs = 2_000;
const missingMs = 5_000;
const diskFullMs = 30_000;

const bundleBytesMax = 32 * 1024 * 1024;

/** Those of `keys` whose actual state is not (or no longer) their desired one. */
export async function pendingOf(
  records: FactoryRecords,
  keys: readonly Key[],
): Promise<readonly Key[]> {
  const states = await records.states(keys);
  const pending: Key[] = [];
  for (const key of keys) {
    const desired = await records.desired(key);
    const state = states.get(key);
    if (
      desired === undefined ||
      state === undefined ||
      state.status !== 'ready' ||
      state.desired !== desired.bundle
    )
      pending.push(key);
  }
  return pending;
}

/** The desired state's bundle. Throws `BLOB_UNKNOWN` when it was lost; the catalog brings it back. */
export async function readBundle<K extends Bundle['kind']>(
  blobs: BlobStore,
  desired: Desired,
  kind: K,
): Promise<Extract<Bundle, { kind: K }>> {
  const bytes = await blobs.bytes(desired.bundle, bundleBytesMax);
  const bundle = JSON.parse(Buffer.from(bytes).toString('utf8')) as Bundle;
  if (bundle.kind !== kind)
    throw new KilnError(
      'BUNDLE_KIND',
      `${desired.key} is described by a bundle of kind ${bundle.kind}`,
    );
  return bundle as Extract<Bundle, { kind: K }>;
}

/** The last good packages of a key, ready or being made anew. */
export function packagesOf(
  records: FactoryRecords,
  state: KeyState | undefined,
): Promise<PackageResult | undefined> {
  return lastResult(records, state, 'package');
}

/** The tests that passed last, of a test's key. */
export function passedTests(
  records: FactoryRecords,
  state: KeyState | undefined,
): Promise<TestResult | undefined> {
  return lastResult(records, state, 'test');
}

async function lastResult<K extends ActionResult['kind']>(
  records: FactoryRecords,
  state: KeyState | undefined,
  kind: K,
): Promise<Extract<ActionResult, { kind: K }> | undefined> {
  if (state?.action === undefined) return undefined;
  const result = await records.action(state.action);
  return result?.kind === kind ? (result as Extract<ActionResult, { kind: K }>) : undefined;
}

/** True when every one of these blobs is there; they count as used, because the caller goes on to rely on them. */
export async function allPresent(blobs: BlobStore, digests: readonly Digest[]): Promise<boolean> {
  for (const digest of digests) if ((await blobs.touch(digest)) === undefined) return false;
  return true;
}

export interface Look<K extends Bundle['kind']> {
  readonly kind: K;
  readonly key: Key;
  readonly context: ReconcileContext;
  /** Compares actual with desired and does what is missing. */
  readonly look: (
    bundle: Extract<Bundle, { kind: K }>,
    writer: KeyWriter,
    desired: Desired,
  ) => Promise<Outcome>;
  /** What follows when the catalog has the key no longer; default nothing. */
  readonly gone?: () => Promise<Outcome>;
}

/**
 * What every reconcile of a key has around its own work: a key that nobody wants loses its state, and what is thrown becomes
 * the state and the outcome, unless the signal fired, whose reason is thrown then.
 */
export async function lookAt<K extends Bundle['kind']>(
  { records, blobs }: { readonly records: FactoryRecords; readonly blobs: BlobStore },
  { kind, key, context, look, gone }: Look<K>,
): Promise<Outcome> {
  const desired = await records.desired(key);
  if (desired === undefined) {
    await records.dropState(key);
    return gone === undefined ? done : gone();
  }
  const writer = await KeyWriter.open(records, desired);
  try {
    return await look(await readBundle(blobs, desired, kind), writer, desired);
  } catch (error) {
    context.signal.throwIfAborted();
    return await writer.failed(error);
  }
}

/** Writes the state of one key as its reconcile goes on, and says how the reconcile ends. */
export class KeyWriter {
  readonly #records: FactoryRecords;
  readonly #desired: Desired;
  #before: KeyState | undefined;

  private constructor(records: FactoryRecords, desired: Desired, before: KeyState | undefined) {
    this.#records = records;
    this.#desired = desired;
    this.#before = before;
  }

  static async open(records: FactoryRecords, desired: Desired): Promise<KeyWriter> {
    return new KeyWriter(records, desired, await records.state(desired.key));
  }

  /** The action whose result stands. */
  get action(): Digest | undefined {
    return this.#before?.action;
  }

  /** A step is under way. */
  async working(stage: string): Promise<void> {
    await this.#write({ status: 'working', stage });
  }

  /** Other keys come first; each of them enqueues this one when it becomes ready. */
  async waiting(keys: readonly Key[]): Promise<Outcome> {
    const failed = (await Promise.all(keys.map((key) => this.#records.state(key)))).filter(
      (state) => state?.status === 'failed',
    );
    const what =
      failed.length > 0
        ? `stopped by ${failed.map((state) => state?.key).join(', ')}`
        : `waits for ${keys.join(', ')}`;
    await this.#write({ status: 'waiting', stage: what, waitingFor: keys });
    return done;
  }

  /** Actual equals desired. What depends on this key is looked at when something changed. */
  async ready(action: Digest | undefined, also: readonly EnqueueRequest[] = []): Promise<Outcome> {
    const before = this.#before;
    const same =
      before?.status === 'ready' &&
      before.desired === this.#desired.bundle &&
      before.action === action;
    if (same) return also.length === 0 ? done : queueKeys(also);
    const dependants = await this.#records.dependants([this.#desired.key]);
    const follow = dependants.map(({ key, first }): EnqueueRequest => ({
      key,
      priority: first ? 55 : 50,
      reason: `${this.#desired.key} is ready`,
    }));
    // With the state, not after it: killed in between, the next run would find the state ready and tell nobody.
    await this.#write({ status: 'ready', stage: '', action }, [...follow, ...also]);
    return done;
  }

  /**
   * What was thrown: an error that the same input brings again parks the key; a trouble that passes by itself (a signer
   * that starts, a blob that its owner makes again, a full disk) brings the key back soon, as often as it takes; anything
   * else is thrown on, so that the queue tries again later and gives up one day.
   */
  async failed(error: unknown): Promise<Outcome> {
    const full = diskFull(error);
    if (full !== undefined || passes(error)) return this.#again(full ?? error, full !== undefined);
    if (!(error instanceof KilnError) || error.retry === 'later') {
      await this.#write({
        status: 'working',
        stage: `is tried again: ${messageOf(error).slice(0, 200)}`,
      });
      throw error;
    }
    await this.#write({
      status: 'failed',
      stage: error.code,
      errorCode: error.code,
      errorMessage: error.message,
      errorHint: error.hint ?? '',
    });
    return nonRetriable(error, { park: true });
  }

  async #again(error: unknown, full: boolean): Promise<Outcome> {
    const what = `is tried again: ${messageOf(error).slice(0, 200)}`;
    // Nobody can do anything about what passes by itself; room on a disk a person makes.
    const told = full && error instanceof KilnError;
    const facts = told
      ? { errorCode: error.code, errorMessage: error.message, errorHint: error.hint ?? '' }
      : {};
    // Whoever owns a blob that is missing looks after it when its key runs.
    const owners = error instanceof KilnError && error.code === 'BLOB_UNKNOWN';
    const follow = (owners ? this.#desired.dependsOn : []).map((key): EnqueueRequest => ({
      key,
      priority: 60,
      reason: `${this.#desired.key} misses a blob`,
    }));
    await this.#write({ status: 'working', stage: what, ...facts }, follow);
    return requeueAfter(full ? diskFullMs : owners ? missingMs : passingMs, what);
  }

  async #write(
    change: Partial<KeyState> & Pick<KeyState, 'status' | 'stage'>,
    follow: readonly EnqueueRequest[] = [],
  ): Promise<void> {
    const state: Omit<KeyState, 'updatedAt'> = {
      key: this.#desired.key,
      desired: this.#desired.bundle,
      waitingFor: [],
      errorCode: '',
      errorMessage: '',
      errorHint: '',
      action: this.#before?.action,
      ...change,
    };
    await this.#records.setState(state, follow);
    this.#before = { ...state, updatedAt: 0 };
  }
}
