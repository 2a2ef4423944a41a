import type { CompositionDifference, PackageReason, WhyStep } from '@kiln/inspect';
import { z } from 'zod';

/** A name with its value. */
export interface NamedValue {
  readonly name: string;
  readonly value: string;
}

/** What a runtime makes of an image, as its configuration has it. A text or a list is empty where it is not set. */
export interface ImageSettings {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDirectory: string;
  readonly stopSignal: string;
  /** In their order. */
  readonly environment: readonly NamedValue[];
  /** In byte order of names. */
  readonly labels: readonly NamedValue[];
}

const namedValue = z.object({ name: z.string(), value: z.string() });

export const imageSettings: z.ZodType<ImageSettings> = z.object({
  os: z.string(),
  architecture: z.string().describe('as images name it, such as amd64'),
  variant: z.string(),
  user: z.string(),
  entrypoint: z.array(z.string()),
  command: z.array(z.string()),
  workingDirectory: z.string(),
  stopSignal: z.string(),
  environment: z.array(namedValue).describe('in their order'),
  labels: z.array(namedValue).describe('in byte order of names'),
});

const whyStep: z.ZodType<WhyStep> = z.object({
  package: z.string(),
  version: z.string(),
  kind: z
    .enum(['asked', 'needed', 'added', 'unneeded', 'unrecorded', 'cycle'])
    .describe(
      'asked: it was asked for; needed: the step before depends on it; added: it comes along by install_if; of a first step: ' +
        'unneeded: nothing in the image needs it; unrecorded: nor is it recorded what was asked for; cycle: it and others need each other',
    ),
  meets: z
    .string()
    .describe('the entry of the world, the dependency or the install_if that it meets; or empty'),
  neededBy: z.array(z.string()).describe('who else needs a first step'),
});

export const packageReason: z.ZodType<PackageReason> = z.object({
  reference: z.string(),
  digest: z.string().describe('of the index'),
  package: z.string(),
  why: z.array(whyStep).describe('from a package that was asked for to this one'),
});

const named = z.object({ reference: z.string(), digest: z.string() });

export const imageDifference: z.ZodType<CompositionDifference> = z.object({
  from: named,
  to: named,
  packages: z
    .array(
      z.object({
        name: z.string(),
        change: z
          .enum(['added', 'removed', 'changed', 'rebuilt'])
          .describe('rebuilt: the same version with other content'),
        from: z.string().describe('a version; empty where it is not'),
        to: z.string().describe('a version; empty where it is not'),
        why: z.array(whyStep).describe('in the image that has it, the second where both have'),
      }),
    )
    .describe('in byte order of names'),
  settings: z
    .array(
      z.object({
        setting: z.string().describe('such as entrypoint, or env PATH'),
        from: z.string().nullable().describe('null where it is not set'),
        to: z.string().nullable().describe('null where it is not set'),
      }),
    )
    .describe('in byte order of names'),
});

for (const [id, schema] of Object.entries({
  ImageSettings: imageSettings,
  WhyStep: whyStep,
  PackageReason: packageReason,
  ImageDifference: imageDifference,
}))
  z.globalRegistry.add(schema, { id });
