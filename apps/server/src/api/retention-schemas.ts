import { z } from 'zod';
import type { ErrorFacts } from './schemas.ts';

/** What one sweep removed, or would. Times are milliseconds since 1970. */
export interface SweepSummary {
  readonly dryRun: boolean;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly removed: readonly {
    readonly kind: string;
    readonly count: number;
    readonly bytes: number;
  }[];
  /** How many different digests records name. */
  readonly named: number;
  /** How many blobs stay because a record names them. */
  readonly kept: number;
  /** Repositories of which nothing was forgotten, because a manifest could not be read. */
  readonly unread: readonly string[];
}

/** Where the removal of what nobody needs stands. */
export interface GarbageStatus {
  readonly running: { readonly startedAt: number; readonly dryRun: boolean } | null;
  /** How the last sweep of this server ended, a dry one too. */
  readonly outcome: {
    readonly report: SweepSummary | null;
    readonly error: ErrorFacts | null;
  } | null;
  /** The last one that removed something, or could have; also of servers before this one. */
  readonly last: SweepSummary | null;
  /** When the next one begins by itself; null for never. */
  readonly nextAt: number | null;
  readonly policy: {
    readonly untaggedMs: number;
    readonly resultsMs: number;
    /** Null for ever. */
    readonly generationsMs: number | null;
    readonly blobsMs: number;
    readonly everyMs: number | null;
  };
}

/** The same in short, as a part of a factory's status. Times are milliseconds since 1970. */
export interface RetentionSummary {
  readonly running: { readonly startedAt: number; readonly dryRun: boolean } | null;
  /** The last sweep that was not dry, and the blobs it removed. */
  readonly last: {
    readonly finishedAt: number;
    readonly blobs: number;
    readonly bytes: number;
  } | null;
  /** Why the last sweep of this server failed; null when it did not. */
  readonly error: ErrorFacts | null;
  /** When the next one begins by itself; null for never. */
  readonly nextAt: number | null;
}

/** Why a digest is kept, in words. */
export interface WhyKeptView {
  readonly digest: string;
  /** Null when there are no such bytes. */
  readonly sizeBytes: number | null;
  /** One line for each way that leads to it from something that is kept. */
  readonly because: readonly string[];
  readonly collectable: boolean;
}

const sweepSummary: z.ZodType<SweepSummary> = z.object({
  dryRun: z.boolean(),
  startedAt: z.number(),
  finishedAt: z.number(),
  removed: z.array(
    z.object({ kind: z.string(), count: z.number().int(), bytes: z.number().int() }),
  ),
  named: z.number().int().describe('how many different digests records name'),
  kept: z.number().int().describe('how many blobs stay because a record names them'),
  unread: z.array(z.string()).describe('repositories with a manifest that could not be read'),
});

export const garbageStatus: z.ZodType<GarbageStatus> = z.object({
  running: z.object({ startedAt: z.number(), dryRun: z.boolean() }).nullable(),
  outcome: z
    .object({
      report: sweepSummary.nullable(),
      error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
    })
    .nullable()
    .describe('how the last sweep of this server ended'),
  last: sweepSummary.nullable().describe('the last sweep that was not dry'),
  nextAt: z.number().nullable().describe('milliseconds since 1970; null: never by itself'),
  policy: z
    .object({
      untaggedMs: z.number(),
      resultsMs: z.number(),
      generationsMs: z.number().nullable().describe('null: for ever'),
      blobsMs: z.number(),
      everyMs: z.number().nullable(),
    })
    .describe('how long what nothing keeps stays, in milliseconds'),
});

export const retentionSummary: z.ZodType<RetentionSummary> = z.object({
  running: z.object({ startedAt: z.number(), dryRun: z.boolean() }).nullable(),
  last: z
    .object({
      finishedAt: z.number(),
      blobs: z.number().int().describe('how many blobs it removed'),
      bytes: z.number().int(),
    })
    .nullable()
    .describe('the last sweep that was not dry'),
  error: z
    .object({ code: z.string(), message: z.string(), hint: z.string() })
    .nullable()
    .describe('why the last sweep of this server failed; null when it did not'),
  nextAt: z.number().nullable().describe('milliseconds since 1970; null: never by itself'),
});

export const whyKeptView: z.ZodType<WhyKeptView> = z.object({
  digest: z.string(),
  sizeBytes: z.number().int().nullable().describe('null: there are no such bytes'),
  because: z.array(z.string()).describe('one line for each way that leads to it'),
  collectable: z.boolean(),
});

for (const [id, schema] of Object.entries({
  SweepSummary: sweepSummary,
  GarbageStatus: garbageStatus,
  RetentionSummary: retentionSummary,
  WhyKept: whyKeptView,
}))
  z.globalRegistry.add(schema, { id });
