import type { Clock, Digest } from '@kiln/base';
import { KilnError, isDigest, parseDigest } from '@kiln/base';
import type { CollectableBlobs } from '@kiln/blobs';
import { DigestSet } from '@kiln/blobs';
import type { RepositoryContents } from './kept-contents.ts';
import { keptContents } from './kept-contents.ts';
import { learnHolds } from './learn-holds.ts';
import { namedDigests } from './named-digests.ts';
import type { RetentionPolicy } from './policy.ts';
import { generationsKept } from './policy.ts';
import type { ForgottenContents, OtherNames, RetentionRecords } from './ports.ts';
import type { SweepReport, SweptCount, SweptKind } from './report.ts';

export interface SweepPorts {
  readonly records: RetentionRecords;
  readonly blobs: CollectableBlobs;
  readonly others: OtherNames;
  readonly clock: Clock;
}

export interface SweepOptions {
  readonly policy: RetentionPolicy;
  /** Nothing is removed; the report says what would be. */
  readonly dryRun: boolean;
  readonly signal?: AbortSignal;
}

/*
 * A sweep has two parts. First records are forgotten, by policy: what a repository shows, results, generations. Each goes
 * in a transaction that looks again at what it removes. Then the digests that the remaining records name are marked, as
 * of one instant, and blobs that are not among them and were not used lately are collected.
 *
 * Why nothing is lost that somebody publishes meanwhile: whoever records the name of a blob has put or touched it before,
 * less than `blobsMs` ago. If the record was there when the marking began, the blob is marked. If it came later, the
 * use was after that instant less `blobsMs`, which is what `collect` spares. docs/decisions/0007 has the whole argument.
 *
 * Why nothing is stuck when the process is killed: every step is whole by itself, and none needs the one before.
 */

/** Removes what nothing keeps. Throws `RETENTION_BUSY` while another sweep runs. */
export async function sweep(ports: SweepPorts, options: SweepOptions): Promise<SweepReport> {
  const report = await ports.records.alone(async () => {
    const done = await new Sweep(ports, options).run();
    await ports.records.saveReport(done);
    return done;
  });
  if (report === undefined) throw sweepBusy();
  return report;
}

/** `RETENTION_BUSY`: one sweep at a time. */
export function sweepBusy(): KilnError {
  return new KilnError('RETENTION_BUSY', 'another sweep is under way', {
    hint: 'kiln gc status says since when',
    retry: 'later',
  });
}

class Sweep {
  readonly #ports: SweepPorts;
  readonly #options: SweepOptions;
  readonly #startedAt: number;
  readonly #counts = new Map<SweptKind, { count: number; bytes: number }>();
  /** Records that are forgotten, by source and id; in a dry run they are still there. */
  readonly #forgotten = new Set<string>();
  /** Of a dry run: the manifests among them. */
  readonly #manifests: { readonly repository: string; readonly digest: Digest }[] = [];
  /** Actions whose results are kept. */
  readonly #results = new DigestSet();
  readonly #unread: string[] = [];
  readonly #named = new DigestSet();

  constructor(ports: SweepPorts, options: SweepOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#startedAt = ports.clock.now();
  }

  async run(): Promise<SweepReport> {
    await this.#forgetResults();
    await this.#forgetGenerations();
    for (const repository of await this.#ports.records.repositories()) {
      this.#options.signal?.throwIfAborted();
      await this.#forgetContents(repository);
    }
    const { records } = this.#ports;
    this.#count(
      'components',
      this.#options.dryRun
        ? await records.staleComponentSets(this.#manifests)
        : await records.forgetComponentSets(),
    );
    const kept = await this.#collect();
    return {
      dryRun: this.#options.dryRun,
      startedAt: this.#startedAt,
      finishedAt: this.#ports.clock.now(),
      removed: [...this.#counts].map(([kind, { count, bytes }]): SweptCount => ({
        kind,
        count,
        bytes,
      })),
      named: this.#named.size,
      kept,
      unread: this.#unread,
    };
  }

  #count(kind: SweptKind, count: number, bytes = 0): void {
    if (count === 0) return;
    const before = this.#counts.get(kind) ?? { count: 0, bytes: 0 };
    this.#counts.set(kind, { count: before.count + count, bytes: before.bytes + bytes });
  }

  async #forgetResults(): Promise<void> {
    const { records } = this.#ports;
    const unusedSince = this.#startedAt - this.#options.policy.resultsMs;
    const actions = await records.staleResults(unusedSince);
    for (const action of actions) this.#forgotten.add(`result ${action}`);
    this.#count(
      'result',
      this.#options.dryRun ? actions.length : await records.forgetResults(actions, unusedSince),
    );
  }

  async #forgetGenerations(): Promise<void> {
    const { records } = this.#ports;
    const { generationsMs } = this.#options.policy;
    if (generationsMs === undefined) return;
    const ids = await records.staleGenerations(this.#startedAt - generationsMs, generationsKept);
    for (const id of ids) this.#forgotten.add(`generation ${id}`);
    this.#count(
      'generation',
      this.#options.dryRun ? ids.length : await records.forgetGenerations(ids),
    );
  }

  async #forgetContents(repository: string): Promise<void> {
    const { records, blobs } = this.#ports;
    const { untaggedMs, blobsMs } = this.#options.policy;
    const ages = {
      untaggedSince: this.#startedAt - untaggedMs,
      blobsSince: this.#startedAt - blobsMs,
    };
    const choose = (contents: RepositoryContents): ForgottenContents => {
      const kept = keptContents(contents, ages);
      const manifests = contents.manifests.filter((one) => !kept.has(one.digest));
      return { manifests, blobs: contents.blobs.filter((one) => !kept.has(one.digest)) };
    };
    let contents = await records.contents(repository);
    if (contents.manifests.some((one) => one.holds === undefined)) {
      contents = await learnHolds(records, blobs, repository, contents);
      if (contents.manifests.some((one) => one.holds === undefined)) this.#unread.push(repository);
    }
    let chosen = choose(contents);
    if (chosen.manifests.length + chosen.blobs.length === 0) return;
    if (!this.#options.dryRun) chosen = await records.forgetContents(repository, choose, ages);
    for (const { digest } of chosen.manifests) {
      this.#forgotten.add(`manifest ${repository}@${digest}`);
      if (this.#options.dryRun) this.#manifests.push({ repository, digest });
    }
    for (const { digest } of chosen.blobs) this.#forgotten.add(`blob ${repository}@${digest}`);
    this.#count('manifest', chosen.manifests.length);
    this.#count('link', chosen.blobs.length);
  }

  /** Marks, then removes what is not marked. Returns how many blobs are. */
  async #collect(): Promise<number> {
    const { blobs, clock } = this.#ports;
    const { policy, dryRun } = this.#options;
    const markedAt = clock.now();
    await this.#mark();
    // A store may ask more than once.
    const kept = new DigestSet();
    const keeps = (digest: Digest): boolean => {
      const named = this.#named.has(digest);
      if (named) kept.add(digest);
      return named;
    };
    const unusedSince = markedAt - policy.blobsMs;
    for await (const { sizeBytes } of blobs.collect({ keeps, unusedSince, dryRun })) {
      this.#options.signal?.throwIfAborted();
      this.#count('blob', 1, sizeBytes);
    }
    return kept.size;
  }

  async #mark(): Promise<void> {
    const { records, others } = this.#ports;
    const { dryRun, policy } = this.#options;
    const writtenBefore = this.#startedAt - policy.resultsMs;
    const bundles: string[] = [];
    const statements = { attestation: [] as string[], ledger: [] as string[] };
    for await (const { source, rows } of records.names()) {
      this.#options.signal?.throwIfAborted();
      for (const { id, about, at, text } of rows) {
        if (dryRun && this.#forgotten.has(`${source} ${id}`)) continue;
        if (source === 'attestation' || source === 'ledger') {
          const old = at !== null && at < writtenBefore;
          if (old && about !== null && !(isDigest(about) && this.#named.has(about))) {
            statements[source].push(id);
            continue;
          }
        }
        if (source === 'desired') bundles.push(text);
        if (source === 'result') this.#results.add(parseDigest(id));
        await this.#name(text);
      }
    }
    for (const bundle of bundles) await this.#nameBundle(bundle);
    const wanted = (action: Digest): boolean => this.#results.has(action);
    for await (const text of others.texts({ wanted, writtenBefore, dryRun }))
      await this.#name(text);
    for (const source of ['attestation', 'ledger'] as const) {
      const ids = statements[source];
      this.#count(
        source,
        dryRun ? ids.length : await records.forgetStatements(source, ids, writtenBefore),
      );
    }
  }

  async #name(text: string): Promise<void> {
    for (const hex of namedDigests(text)) {
      if (hex.length === 64) this.#named.addHex(hex);
      else {
        const blob = await this.#ports.others.bySha512(hex);
        if (blob !== undefined) this.#named.add(blob);
      }
    }
  }

  /** What a key is to be made of: the sources that its recipe names, the files beside it. */
  async #nameBundle(digest: string): Promise<void> {
    const bytes = await bytesIfThere(this.#ports.blobs, digest);
    if (bytes !== undefined) await this.#name(new TextDecoder().decode(bytes));
  }
}

/** A bundle that was lost comes back from its catalog. */
async function bytesIfThere(
  blobs: CollectableBlobs,
  digest: string,
): Promise<Uint8Array | undefined> {
  try {
    return await blobs.bytes(parseDigest(digest));
  } catch (error) {
    if (error instanceof KilnError && error.code === 'BLOB_UNKNOWN') return undefined;
    throw error;
  }
}
