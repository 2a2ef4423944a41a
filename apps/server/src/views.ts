import type { BlobStore } from '@kiln/blobs';
import type {
  CatalogProblem,
  Desired,
  FactoryRecords,
  ImageResult,
  KeyState,
  RegistryState,
  TagEvent,
} from '@kiln/factory';
import { imageKey, neededFor, parseKey } from '@kiln/factory';
import type {
  AttemptRecord,
  DeadLetterRecord,
  InProgressRecord,
  Key,
  ListedRecords,
  ListedState,
  Queue,
  QueuedRecord,
} from '@kiln/queue';
import { KilnError, compareBytes, shorten } from '@kiln/base';
import { nearestWord } from '@kiln/yaml/nearest';
import type {
  ImageDetail,
  ImageSummary,
  KeyDetail,
  KeySummary,
  QueueRow,
  Status,
} from './api/schemas.ts';
import { stageNames } from './api/schemas.ts';
import { imageCheckCommand } from './check-commands.ts';
import { imageSettings } from './image-settings.ts';

export interface ViewPorts {
  readonly records: FactoryRecords;
  readonly queue: Queue;
  readonly registry: Pick<
    RegistryState,
    'hasRepository' | 'tagHistory' | 'summaries' | 'newestEvents' | 'newestSequence'
  >;
  readonly blobs: Pick<BlobStore, 'bytes'>;
  /** Durations to expect of keys that never ran, in milliseconds. */
  readonly expected: ReadonlyMap<string, number>;
  /** Catalogs that could not be read at all. */
  unreadable(): readonly CatalogProblem[];
}

export interface Addresses {
  readonly version: string;
  readonly home: string;
  readonly console: string;
  readonly registry: string;
  readonly packages: string;
  readonly key: string;
}

/** Everything the queue knows, by key. */
interface QueueFacts {
  readonly running: ReadonlyMap<string, InProgressRecord>;
  readonly queued: ReadonlyMap<string, QueuedRecord>;
  readonly dead: ReadonlyMap<string, DeadLetterRecord>;
  readonly attempts: ReadonlyMap<string, readonly AttemptRecord[]>;
}

async function all<S extends ListedState>(
  queue: Queue,
  state: S,
): Promise<readonly ListedRecords[S][]> {
  const records: ListedRecords[S][] = [];
  let cursor: string | undefined;
  do {
    const page = await queue.list({
      state,
      limit: 1000,
      ...(cursor === undefined ? {} : { cursor }),
    });
    records.push(...page.records);
    cursor = page.next;
  } while (cursor !== undefined && records.length < 50_000);
  return records;
}

function byKey<T extends { readonly key: string }>(records: readonly T[]): ReadonlyMap<string, T> {
  return new Map(records.map((record) => [record.key, record]));
}

async function queueFacts(queue: Queue): Promise<QueueFacts> {
  const [running, eligible, waiting, dead, recent] = await Promise.all([
    all(queue, 'inProgress'),
    all(queue, 'eligible'),
    all(queue, 'waiting'),
    all(queue, 'deadLettered'),
    queue.recentAttempts({ limit: 1000 }),
  ]);
  const attempts = new Map<string, AttemptRecord[]>();
  for (const attempt of recent)
    attempts.set(attempt.key, [...(attempts.get(attempt.key) ?? []), attempt]);
  return {
    running: byKey(running),
    queued: byKey([...waiting, ...eligible]),
    dead: byKey(dead),
    attempts,
  };
}

function durationOf(attempt: AttemptRecord): number {
  return (attempt.finishedAt ?? attempt.startedAt) - attempt.startedAt;
}

function summaryOf(
  desired: Desired,
  state: KeyState | undefined,
  facts: QueueFacts,
  ports: ViewPorts,
  nowMs: number,
): KeySummary {
  const running = facts.running.get(desired.key);
  const queued = facts.queued.get(desired.key);
  const dead = facts.dead.get(desired.key);
  const attempts = facts.attempts.get(desired.key) ?? [];
  // What was done last rather than the looks that found nothing to do.
  const last =
    attempts.find((one) => one.finishedAt === undefined) ??
    attempts.find((one) => durationOf(one) > 200) ??
    attempts[0];
  const longest = Math.max(
    0,
    ...attempts
      .filter((one) => one.outcome === 'done' || one.outcome === 'queuedKeys')
      .map(durationOf),
  );
  const current = state !== undefined && state.desired === desired.bundle ? state : undefined;
  const failure = dead?.lastError;
  const status: KeySummary['status'] =
    running !== undefined
      ? current?.status === 'working' || current === undefined
        ? 'working'
        : current.status
      : queued === undefined &&
          (current?.status === 'failed' || (dead !== undefined && current?.status !== 'ready'))
        ? 'failed'
        : current === undefined || current.status === 'working' || current.status === 'failed'
          ? 'queued'
          : current.status;
  // A key that is tried again says what is in its way, such as a full disk.
  const told = status === 'failed' || current?.status === 'working';
  const error =
    told && current !== undefined && current.errorCode !== ''
      ? { code: current.errorCode, message: current.errorMessage, hint: current.errorHint }
      : status === 'failed'
        ? {
            code: failure?.code ?? 'UNEXPECTED',
            message: failure?.message ?? '',
            hint: failure?.hint ?? '',
          }
        : null;
  return {
    key: desired.key,
    kind: desired.kind,
    name: desired.name,
    catalog: desired.catalog,
    status,
    stage: current?.stage ?? '',
    waitingFor: [...(current?.waitingFor ?? [])],
    attempt: running?.attempts ?? last?.attempt ?? queued?.attempts ?? 0,
    reason: running?.reason ?? last?.reason ?? queued?.reason ?? '',
    startedAt: running?.claimedAt ?? last?.startedAt ?? null,
    durationMs:
      running === undefined
        ? last?.finishedAt === undefined
          ? null
          : durationOf(last)
        : nowMs - running.claimedAt,
    estimateMs: longest > 1000 ? longest : (ports.expected.get(desired.key) ?? null),
    error,
    updatedAt: state?.updatedAt ?? 0,
  };
}

/** The keys that names need, and those that turned out to be needed: what they wait for, and what that needs. */
function wantedKeys(
  ports: ViewPorts,
  desired: readonly Desired[],
  states: readonly KeyState[],
  only: readonly string[],
): ReadonlySet<Key> {
  const waitingFor = new Map(states.map((state) => [state.key, state.waitingFor]));
  const wanted = new Set(neededFor(desired, only));
  // A set can grow while it is walked.
  for (const key of wanted) {
    for (const other of waitingFor.get(key) ?? []) {
      if (wanted.has(other)) continue;
      wanted.add(other);
      for (const needed of desired.find((one) => one.key === other)?.dependsOn ?? [])
        wanted.add(needed);
    }
  }
  return wanted;
}

/** A key, and whether it is about to be looked at (or being looked at) because something changed. */
interface LookedAt {
  readonly summary: KeySummary;
  readonly pending: boolean;
}

/**
 * The states are read before the queue: a key that became ready has queued what follows in the same transaction, so that
 * it is in the queue that is read after it, or done with.
 */
async function lookAtKeys(
  ports: ViewPorts,
  only: readonly string[],
  nowMs: number,
): Promise<readonly LookedAt[]> {
  const desired = await ports.records.listDesired();
  const states = await ports.records.listStates();
  const facts = await queueFacts(ports.queue);
  await refuseUnknown(ports, desired, only);
  const stateOf = byKey(states);
  const wanted = only.length === 0 ? undefined : wantedKeys(ports, desired, states, only);
  return desired
    .filter((one) => wanted === undefined || wanted.has(one.key))
    .map((one) => ({
      summary: summaryOf(one, stateOf.get(one.key), facts, ports, nowMs),
      // A resync has priority 0: it looks whether anything changed.
      pending: [facts.queued.get(one.key), facts.running.get(one.key)].some(
        (record) => record !== undefined && record.priority > 0,
      ),
    }))
    .sort(
      ({ summary: a }, { summary: b }) =>
        stageNames.indexOf(a.kind) - stageNames.indexOf(b.kind) || compareBytes(a.key, b.key),
    );
}

/** Throws `API_NAME_NOT_FOUND` for a name that no catalog has, not even in a file that cannot be read. */
export async function refuseUnknown(
  ports: Pick<ViewPorts, 'records' | 'unreadable'>,
  desired: readonly Desired[],
  only: readonly string[],
): Promise<void> {
  const known = new Set(desired.map((one) => one.name));
  const missing = only.filter((name) => !known.has(name));
  if (missing.length === 0) return;
  const problems = [...ports.unreadable(), ...(await ports.records.problems())];
  const unread = problems.map((one) => (one.key === '' ? '' : parseKey(one.key).name));
  const unknown = missing.find((name) => !unread.includes(name) && !unread.includes(''));
  if (unknown === undefined) return;
  const near = nearestWord(unknown, known);
  throw new KilnError(
    'API_NAME_NOT_FOUND',
    `no catalog has a package or image "${shorten(unknown)}"`,
    {
      hint: near === undefined ? 'the console lists the names there are' : `did you mean ${near}?`,
    },
  );
}

/** Keys in the order of the line, then by name. Throws `API_NAME_NOT_FOUND`. */
export async function listKeys(
  ports: ViewPorts,
  only: readonly string[],
  nowMs: number,
): Promise<readonly KeySummary[]> {
  return (await lookAtKeys(ports, only, nowMs)).map(({ summary }) => summary);
}

export async function keyDetail(
  ports: ViewPorts,
  key: Key,
  nowMs: number,
): Promise<KeyDetail | undefined> {
  const desired = await ports.records.desired(key);
  if (desired === undefined) return undefined;
  const [state, facts, attempts] = await Promise.all([
    ports.records.state(key),
    queueFacts(ports.queue),
    ports.queue.history(key),
  ]);
  return {
    ...summaryOf(desired, state, facts, ports, nowMs),
    dependsOn: [...desired.dependsOn],
    attempts: attempts.map((one) => ({
      id: one.attemptId,
      attempt: one.attempt,
      startedAt: one.startedAt,
      finishedAt: one.finishedAt ?? null,
      outcome: one.outcome ?? 'running',
      reason: one.reason,
      hasLog: one.log !== undefined,
      error:
        one.error === undefined
          ? null
          : { code: one.error.code, message: one.error.message, hint: one.error.hint ?? '' },
    })),
  };
}

type Counted = 'queued' | 'waiting' | 'working' | 'ready' | 'failed';

function countsOf(keys: readonly KeySummary[]): { total: number } & Record<Counted, number> {
  const counts = { total: keys.length, queued: 0, waiting: 0, working: 0, ready: 0, failed: 0 };
  for (const key of keys) counts[key.status]++;
  return counts;
}

export async function readStatus(
  ports: ViewPorts,
  addresses: Addresses,
  only: readonly string[],
  nowMs: number,
): Promise<Omit<Status, 'retention'>> {
  const [looked, counts, problems] = await Promise.all([
    lookAtKeys(ports, only, nowMs),
    ports.queue.counts(),
    ports.records.problems(),
  ]);
  const keys = looked.map(({ summary }) => summary);
  const total = countsOf(keys);
  const settled = total.total > 0 && total.ready === total.total;
  const allProblems = [...ports.unreadable(), ...problems];
  return {
    ...addresses,
    converged: settled && !looked.some(({ pending }) => pending) && allProblems.length === 0,
    queue: {
      queued: counts.eligible + counts.waiting,
      running: counts.inProgress,
      dead: counts.deadLettered,
    },
    keys: total,
    stages: stageNames.map((name) => ({
      name,
      ...countsOf(keys.filter((key) => key.kind === name)),
    })),
    failed: keys
      .filter((key) => key.status === 'failed')
      .map((key) => ({ key: key.key, ...(key.error ?? { code: '', message: '', hint: '' }) })),
    problems: allProblems.map((one) => ({ ...one })),
  };
}

export async function listQueue(queue: Queue): Promise<readonly QueueRow[]> {
  const facts = await queueFacts(queue);
  const row = (
    state: QueueRow['state'],
    record: InProgressRecord | QueuedRecord | DeadLetterRecord,
  ): QueueRow => ({
    key: record.key,
    state,
    priority: record.priority,
    attempts: record.attempts,
    notBefore: record.state === 'queued' ? record.eligibleSince : null,
    reason: record.reason,
    error:
      record.lastError === undefined
        ? ''
        : `[${record.lastError.code}] ${record.lastError.message}`,
  });
  return [
    ...[...facts.running.values()].map((record) => row('running', record)),
    ...[...facts.queued.values()].map((record) => row('queued', record)),
    ...[...facts.dead.values()].map((record) => row('dead', record)),
  ];
}

interface ImageListPorts {
  readonly records: Pick<FactoryRecords, 'listStates' | 'actions'>;
  readonly registry: Pick<RegistryState, 'newestEvents'>;
}

interface ImagePorts {
  readonly records: Pick<FactoryRecords, 'state' | 'action'>;
  readonly registry: Pick<RegistryState, 'newestEvents'>;
  readonly blobs: Pick<BlobStore, 'bytes'>;
}

function imageSummary(
  { state, result }: { readonly state: KeyState; readonly result: ImageResult },
  change: TagEvent | undefined,
  registry: string,
): ImageSummary {
  return {
    name: parseKey(state.key).name,
    reference: `${registry}/${result.repository}:${result.tags[0] ?? 'latest'}`,
    digest: result.index,
    tags: [...result.tags],
    sizeBytes: result.sizeBytes,
    packages: result.packages.length,
    signed: result.attachments.length > 0,
    tested: result.test.passed,
    // The state is written also when what is wanted changed and the image did not.
    updatedAt: change?.at ?? state.updatedAt,
  };
}

/** The images that were published, by name; in as many queries for many as for one. */
export async function listImages(
  { records, registry }: ImageListPorts,
  address: string,
): Promise<readonly ImageSummary[]> {
  const states = (await records.listStates()).filter(({ key }) => key.startsWith('image:'));
  const results = await records.actions(states.flatMap(({ action }) => action ?? []));
  const found = states.flatMap((state) => {
    const result = state.action === undefined ? undefined : results.get(state.action);
    return result?.kind === 'image' ? [{ state, result }] : [];
  });
  const changes = await registry.newestEvents(found.map(({ result }) => result.repository));
  return found.map((one) => imageSummary(one, changes.get(one.result.repository), address));
}

/** An image as it was published last; undefined when there is none of that name. */
export async function imageDetail(
  ports: ImagePorts,
  name: string,
  addresses: Addresses,
): Promise<ImageDetail | undefined> {
  const { records } = ports;
  const state = await records.state(imageKey(name));
  const result = state?.action === undefined ? undefined : await records.action(state.action);
  if (state === undefined || result?.kind !== 'image') return undefined;
  const change = (await ports.registry.newestEvents([result.repository])).get(result.repository);
  const summary = imageSummary({ state, result }, change, addresses.registry);
  return {
    ...summary,
    key: state.key,
    manifest: result.manifest,
    settings: await imageSettings(ports.blobs, result.config),
    layers: result.layers.map((layer) => ({ ...layer })),
    packages: result.packages.map((one) => ({ ...one })),
    tests: result.test.steps.map((step) => ({ ...step })),
    attachments: result.attachments.map((one) => ({ ...one })),
    verify: imageCheckCommand({ key: addresses.key, reference: summary.reference }),
  };
}
