import { z } from 'zod';
import type { ImageSettings } from './image-schemas.ts';
import { imageSettings } from './image-schemas.ts';
import type { RetentionSummary } from './retention-schemas.ts';
import { retentionSummary } from './retention-schemas.ts';

export type { ComponentView, ImageComponentsView, UsedBy } from './component-schemas.ts';
export type { CompositionAnswer } from './composition-schemas.ts';
export type { RepositoryList, RepositoryView } from './repository-schemas.ts';
export type {
  GarbageStatus,
  RetentionSummary,
  SweepSummary,
  WhyKeptView,
} from './retention-schemas.ts';

/** The shapes of Kiln's own API; the OpenAPI document and the console's client types are made from them. */

/** Where a key stands: in line, waiting for other keys, being worked on, as desired, or parked. */
export type KeyStatus = 'queued' | 'waiting' | 'working' | 'ready' | 'failed';

/** The steps of the line in their order; also the prefixes of their keys. */
export const stageNames = ['seed', 'package', 'test', 'index', 'image'] as const;
export type StageName = (typeof stageNames)[number];

/** A `KilnError` as the API tells it; `hint` is empty when there is none. */
export interface ErrorFacts {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** A key of the line as lists show it. Times are milliseconds since 1970. */
export interface KeySummary {
  readonly key: string;
  readonly kind: StageName;
  readonly name: string;
  readonly catalog: string;
  readonly status: KeyStatus;
  /** What is being done, what is waited for, or why it failed, in a few words. */
  readonly stage: string;
  readonly waitingFor: readonly string[];
  /** Attempts of the present or last run. */
  readonly attempt: number;
  /** Why it ran. */
  readonly reason: string;
  /** `null` when it never ran. */
  readonly startedAt: number | null;
  /** Of the last attempt, or so far. */
  readonly durationMs: number | null;
  /** Of the whole attempt, from earlier ones or from the catalog. */
  readonly estimateMs: number | null;
  readonly error: ErrorFacts | null;
  readonly updatedAt: number;
}

/** One run of a key. Times are milliseconds since 1970. */
export interface Attempt {
  readonly id: string;
  /** Counts from 1 in each run of the key. */
  readonly attempt: number;
  readonly startedAt: number;
  /** `null` while it runs. */
  readonly finishedAt: number | null;
  readonly outcome: string;
  readonly reason: string;
  readonly error: ErrorFacts | null;
  readonly hasLog: boolean;
}

/** A key with its history and the keys it is made from. */
export interface KeyDetail extends KeySummary {
  readonly attempts: readonly Attempt[];
  readonly dependsOn: readonly string[];
}

/** What could not be read of a catalog. */
export interface Problem extends ErrorFacts {
  readonly catalog: string;
  readonly key: string;
}

/** How many keys are where. */
export interface KeyCounts {
  readonly total: number;
  readonly queued: number;
  readonly waiting: number;
  readonly working: number;
  readonly ready: number;
  readonly failed: number;
}

export interface Stage extends KeyCounts {
  readonly name: StageName;
}

/** The whole factory at a glance. */
export interface Status {
  readonly version: string;
  readonly home: string;
  /** URL. */
  readonly console: string;
  /** `host:port`. */
  readonly registry: string;
  /** URL of the apk repository. */
  readonly packages: string;
  /** Path of the public key of images. */
  readonly key: string;
  readonly converged: boolean;
  readonly queue: { readonly queued: number; readonly running: number; readonly dead: number };
  readonly keys: KeyCounts;
  /** The line, in order. */
  readonly stages: readonly Stage[];
  readonly failed: readonly (ErrorFacts & { readonly key: string })[];
  readonly problems: readonly Problem[];
  readonly retention: RetentionSummary;
}

/** A tagged image as lists show it. */
export interface ImageSummary {
  readonly name: string;
  /** What `docker pull` takes. */
  readonly reference: string;
  readonly digest: string;
  readonly tags: readonly string[];
  /** Compressed: configuration and layers. */
  readonly sizeBytes: number;
  /** How many packages are inside. */
  readonly packages: number;
  readonly signed: boolean;
  readonly tested: boolean;
  /** When one of its tags changed last, in milliseconds since 1970. */
  readonly updatedAt: number;
}

/** A package inside an image. */
export interface ImagePackage {
  readonly name: string;
  readonly version: string;
  readonly checksum: string;
  readonly license: string;
  readonly origin: string;
  readonly installedSizeBytes: number;
}

/** An image with what is inside it and what is known about it. */
export interface ImageDetail extends Omit<ImageSummary, 'packages'> {
  readonly key: string;
  /** Digest of the manifest of this architecture. */
  readonly manifest: string;
  /** Null while its configuration is missing or damaged. */
  readonly settings: ImageSettings | null;
  readonly layers: readonly {
    readonly digest: string;
    readonly diffId: string;
    readonly sizeBytes: number;
  }[];
  readonly packages: readonly ImagePackage[];
  readonly tests: readonly {
    readonly name: string;
    readonly passed: boolean;
    readonly durationMs: number;
  }[];
  readonly attachments: readonly {
    readonly subject: string;
    readonly predicateType: string;
    readonly manifest: string;
  }[];
  /** The command by which a stranger checks the signature. */
  readonly verify: string;
}

/** One change of a tag. */
export interface TagChange {
  readonly tag: string;
  /** Where it points since then; `null` when it was deleted. */
  readonly digest: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Changes of the tags of one repository, newest first. */
export interface TagHistory {
  readonly repository: string;
  readonly events: readonly TagChange[];
  /** What `before` is for those that came earlier; `null` when there are none. */
  readonly next: number | null;
}

/** A published package as lists show it. */
export interface PackageSummary {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  readonly origin: string;
  readonly repository: string;
  readonly description: string;
  readonly license: string;
  readonly sizeBytes: number;
  readonly installedSizeBytes: number;
  /** As the index of the repository has it: `Q1…`. */
  readonly checksum: string;
  /** Digest of the file. */
  readonly apk: string;
}

/** A package with what it needs, offers and was made from. */
export interface PackageDetail extends PackageSummary {
  /** Whether an index shows it; else it was built, and waits for tests. */
  readonly published: boolean;
  readonly key: string;
  /** The tests of its recipe; null when it has none. */
  readonly test: {
    readonly key: string;
    readonly status: KeyStatus;
    /** What passed last, package by package. */
    readonly passed: readonly { readonly package: string; readonly durationMs: number }[];
    readonly error: ErrorFacts | null;
  } | null;
  /** What was built last and is not shown yet, with the keys of the tests that it waits for. */
  readonly heldBack: { readonly version: string; readonly tests: readonly string[] } | null;
  readonly url: string;
  readonly depends: readonly string[];
  readonly provides: readonly string[];
  readonly buildTimeSeconds: number;
  /** How it was made, signed; null for packages of the seed, which are Debian's in another form. */
  readonly provenance: {
    /** Of the Sigstore bundle. */
    readonly digest: string;
    readonly address: string;
    /** The command by which a stranger checks it, beside the two files. */
    readonly verify: string;
  } | null;
  /** What linters that warn found in it. */
  readonly findings: readonly {
    readonly linter: string;
    readonly message: string;
    readonly explain: string;
    readonly items: readonly string[];
  }[];
  readonly inputs: readonly {
    readonly name: string;
    readonly uri: string;
    readonly digest: Readonly<Record<string, string>>;
  }[];
}

/** A row of the work queue. */
export interface QueueRow {
  readonly key: string;
  readonly state: 'queued' | 'running' | 'dead';
  readonly priority: number;
  readonly attempts: number;
  readonly notBefore: number | null;
  readonly reason: string;
  readonly error: string;
}

/** The body of every answer that is a refusal. */
export interface ApiError {
  readonly error: ErrorFacts;
}

export const keyStatus: z.ZodType<KeyStatus> = z.enum([
  'queued',
  'waiting',
  'working',
  'ready',
  'failed',
]);

const keySummaryObject = z.object({
  key: z.string(),
  kind: z.enum(stageNames),
  name: z.string(),
  catalog: z.string(),
  status: keyStatus,
  stage: z
    .string()
    .describe('what is being done, what is waited for, or why it failed, in a few words'),
  waitingFor: z.array(z.string()),
  attempt: z.number().int().describe('attempts of the present or last run'),
  reason: z.string().describe('why it ran'),
  startedAt: z.number().nullable().describe('milliseconds since 1970; null when it never ran'),
  durationMs: z.number().nullable().describe('of the last attempt, or so far'),
  estimateMs: z
    .number()
    .nullable()
    .describe('of the whole attempt, from earlier ones or from the catalog'),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
  updatedAt: z.number(),
});

export const keySummary: z.ZodType<KeySummary> = keySummaryObject;

export const attempt: z.ZodType<Attempt> = z.object({
  id: z.string(),
  attempt: z.number().int(),
  startedAt: z.number(),
  finishedAt: z.number().nullable(),
  outcome: z.string(),
  reason: z.string(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
  hasLog: z.boolean().describe('whether it wrote a log'),
});

export const keyDetail: z.ZodType<KeyDetail> = keySummaryObject.extend({
  attempts: z.array(attempt),
  dependsOn: z.array(z.string()),
});

export const problem: z.ZodType<Problem> = z.object({
  catalog: z.string(),
  key: z.string(),
  code: z.string(),
  message: z.string(),
  hint: z.string(),
});

export const stage: z.ZodType<Stage> = z.object({
  name: z.enum(stageNames),
  total: z.number().int(),
  queued: z.number().int(),
  waiting: z.number().int(),
  working: z.number().int(),
  ready: z.number().int(),
  failed: z.number().int(),
});

export const status: z.ZodType<Status> = z.object({
  version: z.string(),
  home: z.string(),
  console: z.string().describe('URL'),
  registry: z.string().describe('host:port'),
  packages: z.string().describe('URL of the apk repository'),
  key: z.string().describe('path of the public key of images'),
  converged: z.boolean(),
  queue: z.object({ queued: z.number().int(), running: z.number().int(), dead: z.number().int() }),
  keys: z.object({
    total: z.number().int(),
    queued: z.number().int(),
    waiting: z.number().int(),
    working: z.number().int(),
    ready: z.number().int(),
    failed: z.number().int(),
  }),
  stages: z.array(stage).describe('the line, in order'),
  failed: z.array(
    z.object({ key: z.string(), code: z.string(), message: z.string(), hint: z.string() }),
  ),
  problems: z.array(problem).describe('what could not be read of the catalogs'),
  retention: retentionSummary,
});

const imageSummaryObject = z.object({
  name: z.string(),
  reference: z.string(),
  digest: z.string(),
  tags: z.array(z.string()),
  sizeBytes: z.number().int().describe('compressed: configuration and layers'),
  packages: z.number().int().describe('how many packages are inside'),
  signed: z.boolean(),
  tested: z.boolean(),
  updatedAt: z.number().describe('when one of its tags changed last, milliseconds since 1970'),
});

export const imageSummary: z.ZodType<ImageSummary> = imageSummaryObject;

export const imageDetail: z.ZodType<ImageDetail> = imageSummaryObject
  .omit({ packages: true })
  .extend({
    key: z.string(),
    manifest: z.string(),
    settings: imageSettings
      .nullable()
      .describe('null while its configuration is missing or damaged'),
    layers: z.array(z.object({ digest: z.string(), diffId: z.string(), sizeBytes: z.number() })),
    packages: z.array(
      z.object({
        name: z.string(),
        version: z.string(),
        checksum: z.string(),
        license: z.string(),
        origin: z.string(),
        installedSizeBytes: z.number(),
      }),
    ),
    tests: z.array(z.object({ name: z.string(), passed: z.boolean(), durationMs: z.number() })),
    attachments: z.array(
      z.object({ subject: z.string(), predicateType: z.string(), manifest: z.string() }),
    ),
    verify: z.string().describe('the command by which a stranger checks the signature'),
  });

export const tagHistory: z.ZodType<TagHistory> = z.object({
  repository: z.string(),
  events: z
    .array(
      z.object({
        tag: z.string(),
        digest: z.string().nullable().describe('where it points since then; null: deleted'),
        at: z.number().describe('milliseconds since 1970'),
      }),
    )
    .describe('newest first'),
  next: z
    .number()
    .int()
    .nullable()
    .describe('what before is for those that came earlier; null when there are none'),
});

const packageSummaryObject = z.object({
  name: z.string(),
  version: z.string(),
  arch: z.string(),
  origin: z.string(),
  repository: z.string(),
  description: z.string(),
  license: z.string(),
  sizeBytes: z.number().int(),
  installedSizeBytes: z.number().int(),
  checksum: z.string(),
  apk: z.string(),
});

export const packageSummary: z.ZodType<PackageSummary> = packageSummaryObject;

export const packageDetail: z.ZodType<PackageDetail> = packageSummaryObject.extend({
  published: z.boolean().describe('whether an index shows it'),
  key: z.string(),
  test: z
    .object({
      key: z.string(),
      status: keyStatus,
      passed: z.array(z.object({ package: z.string(), durationMs: z.number() })),
      error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
    })
    .nullable()
    .describe('the tests of its recipe'),
  heldBack: z
    .object({ version: z.string(), tests: z.array(z.string()) })
    .nullable()
    .describe('what was built last and waits for these tests'),
  url: z.string(),
  depends: z.array(z.string()),
  provides: z.array(z.string()),
  buildTimeSeconds: z.number(),
  provenance: z.object({ digest: z.string(), address: z.string(), verify: z.string() }).nullable(),
  findings: z.array(
    z.object({
      linter: z.string(),
      message: z.string(),
      explain: z.string(),
      items: z.array(z.string()),
    }),
  ),
  inputs: z.array(
    z.object({ name: z.string(), uri: z.string(), digest: z.record(z.string(), z.string()) }),
  ),
});

export const queueRow: z.ZodType<QueueRow> = z.object({
  key: z.string(),
  state: z.enum(['queued', 'running', 'dead']),
  priority: z.number(),
  attempts: z.number().int(),
  notBefore: z.number().nullable(),
  reason: z.string(),
  error: z.string(),
});

export const apiError: z.ZodType<ApiError> = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }),
});

// The names of the document's components.
for (const [id, schema] of Object.entries({
  KeySummary: keySummary,
  KeyDetail: keyDetail,
  Attempt: attempt,
  Problem: problem,
  Stage: stage,
  Status: status,
  ImageSummary: imageSummary,
  ImageDetail: imageDetail,
  TagHistory: tagHistory,
  PackageSummary: packageSummary,
  PackageDetail: packageDetail,
  QueueRow: queueRow,
  ApiError: apiError,
}))
  z.globalRegistry.add(schema, { id });
