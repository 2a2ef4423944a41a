import { z } from 'zod';
import type { TagChange } from './schemas.ts';

/** A repository of the registry as lists show it. */
export interface RepositoryView {
  readonly name: string;
  /** Whether it is an image of a catalog; everything else was pushed or composed. */
  readonly ofCatalog: boolean;
  /** How many tags it has now. */
  readonly tags: number;
  /** The newest change of any of its tags; `null` when it never had one. */
  readonly newest: TagChange | null;
}

/** A page of repositories, in byte order of their names. */
export interface RepositoryList {
  readonly repositories: readonly RepositoryView[];
  /** What `after` is for those that follow; `null` when there are none. */
  readonly next: string | null;
}

const repositoryView: z.ZodType<RepositoryView> = z.object({
  name: z.string(),
  ofCatalog: z
    .boolean()
    .describe('whether it is an image of a catalog; everything else was pushed or composed'),
  tags: z.number().int().describe('how many tags it has now'),
  newest: z
    .object({
      tag: z.string(),
      digest: z.string().nullable().describe('where it points since then; null: deleted'),
      at: z.number().describe('milliseconds since 1970'),
    })
    .nullable()
    .describe('the newest change of any of its tags; null when it never had one'),
});

export const repositoryList: z.ZodType<RepositoryList> = z.object({
  repositories: z.array(repositoryView).describe('in byte order of their names'),
  next: z
    .string()
    .nullable()
    .describe('what after is for those that follow; null when there are none'),
});

for (const [id, schema] of Object.entries({
  Repository: repositoryView,
  RepositoryList: repositoryList,
}))
  z.globalRegistry.add(schema, { id });
