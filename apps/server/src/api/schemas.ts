import { z } from 'zod';

/** The shapes of Kiln's own API; the OpenAPI document and the console's client types are made from them. */

export const keyStatus = z.enum(['queued', 'waiting', 'working', 'ready', 'failed']);

export const keySummary = z.object({
  key: z.string(),
  kind: z.enum(['seed', 'package', 'index', 'image']),
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
export type KeySummary = z.infer<typeof keySummary>;

export const attempt = z.object({
  id: z.string(),
  attempt: z.number().int(),
  startedAt: z.number(),
  finishedAt: z.number().nullable(),
  outcome: z.string(),
  reason: z.string(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
  hasLog: z.boolean().describe('whether it wrote a log'),
});

export const keyDetail = keySummary.extend({
  attempts: z.array(attempt),
  dependsOn: z.array(z.string()),
});
export type KeyDetail = z.infer<typeof keyDetail>;

export const problem = z.object({
  catalog: z.string(),
  key: z.string(),
  code: z.string(),
  message: z.string(),
  hint: z.string(),
});

export const stage = z.object({
  name: z.enum(['seed', 'package', 'index', 'image']),
  total: z.number().int(),
  queued: z.number().int(),
  waiting: z.number().int(),
  working: z.number().int(),
  ready: z.number().int(),
  failed: z.number().int(),
});

export const status = z.object({
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
});
export type Status = z.infer<typeof status>;

export const imageSummary = z.object({
  name: z.string(),
  reference: z.string(),
  digest: z.string(),
  tags: z.array(z.string()),
  sizeBytes: z.number().int().describe('compressed: configuration and layers'),
  packages: z.number().int().describe('how many packages are inside'),
  signed: z.boolean(),
  tested: z.boolean(),
  updatedAt: z.number(),
});
export type ImageSummary = z.infer<typeof imageSummary>;

export const imageDetail = imageSummary.omit({ packages: true }).extend({
  key: z.string(),
  manifest: z.string(),
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
export type ImageDetail = z.infer<typeof imageDetail>;

export const packageSummary = z.object({
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
export type PackageSummary = z.infer<typeof packageSummary>;

export const packageDetail = packageSummary.extend({
  key: z.string(),
  url: z.string(),
  depends: z.array(z.string()),
  provides: z.array(z.string()),
  buildTimeSeconds: z.number(),
  inputs: z.array(
    z.object({ name: z.string(), uri: z.string(), digest: z.record(z.string(), z.string()) }),
  ),
});
export type PackageDetail = z.infer<typeof packageDetail>;

export const queueRow = z.object({
  key: z.string(),
  state: z.enum(['queued', 'running', 'dead']),
  priority: z.number(),
  attempts: z.number().int(),
  notBefore: z.number().nullable(),
  reason: z.string(),
  error: z.string(),
});
export type QueueRow = z.infer<typeof queueRow>;

export const apiError = z.object({
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
  PackageSummary: packageSummary,
  PackageDetail: packageDetail,
  QueueRow: queueRow,
  ApiError: apiError,
}))
  z.globalRegistry.add(schema, { id });
