import type { Digest, Logger } from '@kiln/base';
import { messageOf } from '@kiln/base';
import type { RetentionPolicy, SweepPorts, SweepReport, WhyKept } from '@kiln/retention';
import { sweep, sweepBusy, whyKept } from '@kiln/retention';
import type { GarbageStatus } from './api/schemas.ts';
import { tellable } from './api/tellable.ts';
import type { Factory } from './compose.ts';
import { otherNames } from './other-names.ts';
import type { Place } from './place.ts';

export interface RetentionKeeperOptions {
  readonly ports: SweepPorts;
  readonly policy: RetentionPolicy;
  readonly log: Logger;
}

type Ended = NonNullable<GarbageStatus['outcome']>;

/** Sweeps when it is time and when somebody asks, one at a time; the records remember the last one across restarts. */
export class RetentionKeeper {
  readonly #options: RetentionKeeperOptions;
  readonly #stop = new AbortController();
  #running: { readonly startedAt: number; readonly dryRun: boolean } | undefined;
  #done: Promise<void> = Promise.resolve();
  #outcome: Ended | undefined;

  constructor(options: RetentionKeeperOptions) {
    this.#options = options;
  }

  /** Begins a sweep and does not wait for it. Throws `RETENTION_BUSY`. */
  start(dryRun: boolean): void {
    if (this.#running !== undefined) throw sweepBusy();
    this.#running = { startedAt: this.#options.ports.clock.now(), dryRun };
    this.#done = this.#run(dryRun);
  }

  /** Sweeps if the last one is long enough ago. */
  async sweepIfDue(): Promise<void> {
    if (this.#running !== undefined || this.#stop.signal.aborted) return;
    const nextAt = this.#nextAt(await this.#options.ports.records.lastReport());
    if (nextAt === null || nextAt > this.#options.ports.clock.now()) return;
    this.start(false);
    await this.#done;
  }

  async status(): Promise<GarbageStatus> {
    const last = await this.#options.ports.records.lastReport();
    const { policy } = this.#options;
    return {
      running: this.#running ?? null,
      outcome: this.#outcome ?? null,
      last: last === undefined ? null : plain(last),
      nextAt: this.#nextAt(last),
      policy: {
        untaggedMs: policy.untaggedMs,
        resultsMs: policy.resultsMs,
        generationsMs: policy.generationsMs ?? null,
        blobsMs: policy.blobsMs,
        everyMs: policy.everyMs ?? null,
      },
    };
  }

  why(digest: Digest): Promise<WhyKept> {
    return whyKept(this.#options.ports, this.#options.policy, digest);
  }

  /** Ends what is under way: what it removed is removed, the rest is for the next one. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  /** Now where there was none yet. */
  #nextAt(last: SweepReport | undefined): number | null {
    const { everyMs } = this.#options.policy;
    if (everyMs === undefined) return null;
    return last === undefined ? this.#options.ports.clock.now() : last.finishedAt + everyMs;
  }

  async #run(dryRun: boolean): Promise<void> {
    const { ports, policy, log } = this.#options;
    try {
      const report = await sweep(ports, { policy, dryRun, signal: this.#stop.signal });
      this.#outcome = { report: plain(report), error: null };
      if (!dryRun) log.info('swept', { removed: JSON.stringify(report.removed) });
    } catch (error) {
      this.#outcome = { report: null, error: tellable(error) };
      if (!this.#stop.signal.aborted) log.warn('sweep failed', { error: messageOf(error) });
    } finally {
      this.#running = undefined;
    }
  }
}

/** The keeper of one factory. */
export function keepRetention(
  factory: Pick<Factory, 'retention' | 'blobs' | 'clock'>,
  place: Place,
  options: Pick<RetentionKeeperOptions, 'policy' | 'log'>,
): RetentionKeeper {
  const { retention: records, blobs, clock } = factory;
  return new RetentionKeeper({
    ...options,
    ports: { records, blobs, clock, others: otherNames(place) },
  });
}

function plain(report: SweepReport): NonNullable<Ended['report']> {
  return {
    ...report,
    removed: report.removed.map((one) => ({ ...one })),
    unread: [...report.unread],
  };
}
