import type { TagHistoryRequest } from '@kiln/factory';
import type { TagHistory } from './api/schemas.ts';
import type { ViewPorts } from './views.ts';

/** Changes of a repository's tags, newest first; undefined when there is no such repository. */
export async function tagHistory(
  registry: ViewPorts['registry'],
  repository: string,
  request: TagHistoryRequest,
): Promise<TagHistory | undefined> {
  if (!(await registry.hasRepository(repository))) return undefined;
  // One more says whether there are any more.
  const found = await registry.tagHistory(repository, { ...request, limit: request.limit + 1 });
  const events = found.slice(0, request.limit);
  return {
    repository,
    events: events.map(({ tag, digest, at }) => ({ tag, digest: digest ?? null, at })),
    next: found.length > request.limit ? (events.at(-1)?.sequence ?? null) : null,
  };
}
