import { compareBytes } from '@kiln/base';
import type { FactoryRecords, RegistryState } from '@kiln/factory';
import type { RepositoryList } from './api/repository-schemas.ts';

export interface RepositoryPorts {
  readonly records: Pick<FactoryRecords, 'listDesired'>;
  readonly registry: Pick<RegistryState, 'summaries'>;
}

export interface RepositoriesRequest {
  /** A name; "" for the beginning. */
  readonly after: string;
  readonly limit: number;
  /** Without the images of catalogs. */
  readonly others: boolean;
}

/** The registry's repositories, a page of them; the images of catalogs are at their names. */
export async function listRepositories(
  { records, registry }: RepositoryPorts,
  { after, limit, others }: RepositoriesRequest,
): Promise<RepositoryList> {
  const images = new Set(
    (await records.listDesired()).filter((one) => one.kind === 'image').map((one) => one.name),
  );
  // One more says whether there are any more.
  const found = await registry.summaries({
    last: after,
    limit: limit + 1,
    except: others ? [...images].sort(compareBytes) : [],
  });
  const page = found.slice(0, limit);
  return {
    repositories: page.map(({ repository, tags, newest }) => ({
      name: repository,
      ofCatalog: images.has(repository),
      tags,
      newest:
        newest === undefined
          ? null
          : { tag: newest.tag, digest: newest.digest ?? null, at: newest.at },
    })),
    next: found.length > limit ? (page.at(-1)?.repository ?? null) : null,
  };
}
