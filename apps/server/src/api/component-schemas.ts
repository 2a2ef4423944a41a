import { z } from 'zod';

/** One version of one package. */
export interface ComponentView {
  readonly type: string;
  readonly name: string;
  readonly version: string;
}

/** Images that have a package. */
export interface UsedBy {
  /** What was asked for, as a dependency atom. */
  readonly package: string;
  readonly images: readonly {
    readonly repository: string;
    readonly digest: string;
    /** The tags that point at it now. */
    readonly tags: readonly string[];
    /** The versions of the package that it has. */
    readonly versions: readonly string[];
  }[];
  /** What `after` is for the next page, which may be empty; null after the last. */
  readonly next: string | null;
}

/** What one image version is made of. */
export interface ImageComponentsView {
  readonly repository: string;
  readonly digest: string;
  readonly components: readonly ComponentView[];
}

export const usedBy: z.ZodType<UsedBy> = z.object({
  package: z.string(),
  images: z.array(
    z.object({
      repository: z.string(),
      digest: z.string(),
      tags: z.array(z.string()).describe('that point at it now'),
      versions: z.array(z.string()).describe('of the package'),
    }),
  ),
  next: z.string().nullable().describe('what after is for the next page; null after the last'),
});

export const imageComponents: z.ZodType<ImageComponentsView> = z.object({
  repository: z.string(),
  digest: z.string(),
  components: z.array(z.object({ type: z.string(), name: z.string(), version: z.string() })),
});

for (const [id, schema] of Object.entries({ UsedBy: usedBy, ImageComponents: imageComponents }))
  z.globalRegistry.add(schema, { id });
