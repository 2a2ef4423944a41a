import type { ArchiveSource, SourceReference } from '@kiln/recipe';
import type { BlobStore } from '@kiln/blobs';
import type { GitMirrors, GitSources } from './git-sources.ts';
import type { BuildLogLine } from './log.ts';
import { placed } from './placed.ts';
import type { Mount } from './sandbox.ts';
import type { SourceFetcher } from './sources.ts';
import type { Workspace, WorkspacePort } from './workspace.ts';

/** Where the guest finds the sources of the build: archives by algorithm and digest, repositories below `git`. */
const sourcesMount = '/var/cache/melange';

export interface SourceCacheRequest {
  readonly needed: readonly SourceReference[];
  /** For people who look into the directory. */
  readonly name: string;
  readonly sources: SourceFetcher;
  readonly git: GitSources;
  readonly blobs: BlobStore;
  readonly workspaces: WorkspacePort;
  onLog(line: BuildLogLine): void;
  readonly signal?: AbortSignal | undefined;
}

/** What the steps of a build are shown of its sources. */
export interface SourceCache {
  readonly mounts: readonly Mount[];
  readonly repositories: GitMirrors['repositories'];
  remove(): Promise<void>;
}

/** Fetches everything that is needed, outside any sandbox. Throws what the two fetchers throw, and leaves nothing then. */
export async function fetchSources(request: SourceCacheRequest): Promise<SourceCache> {
  if (request.needed.length === 0) return { mounts: [], repositories: [], remove: async () => {} };
  const { name, workspaces, needed } = request;
  const cache = await workspaces.create(`${name}-sources`);
  let mirrors: GitMirrors | undefined;
  const remove = async (): Promise<void> => {
    await mirrors?.remove();
    await cache.remove();
  };
  try {
    await fetchArchives(request, cache);
    const checkouts = needed.filter((source) => source.kind === 'git');
    const mounts: Mount[] = [{ source: cache.hostPath, target: sourcesMount, readOnly: true }];
    if (checkouts.length > 0) {
      mirrors = await request.git.fetch({
        checkouts,
        onLog: (text) => request.onLog({ step: 'sources', text }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
      // The place of a mount has to be there: the cache is shown read-only.
      await cache.makeDirectory('git');
      mounts.push({ source: mirrors.hostPath, target: `${sourcesMount}/git`, readOnly: true });
    }
    return { mounts, repositories: mirrors?.repositories ?? [], remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function fetchArchives(request: SourceCacheRequest, cache: Workspace): Promise<void> {
  const archives = request.needed.filter(
    (source): source is ArchiveSource => source.kind === 'archive',
  );
  const taken = new Set<string>();
  for (const { uri, digest, position } of archives) {
    const path = `${digest.algorithm}:${digest.hex}`;
    if (taken.has(path)) continue;
    taken.add(path);
    const fetched = await request.sources
      .fetch({ uri, digest }, request.signal)
      .catch((error: unknown) => {
        throw placed(error, position);
      });
    request.onLog({
      step: 'sources',
      text: `${uri} (${fetched.sizeBytes} bytes, from ${fetched.from})`,
    });
    await cache.write({ path, mode: 0o444, content: request.blobs.read(fetched.blob) });
  }
}

/**
 * Variables with which git takes the addresses from the repositories that are shown, and submodules of them too. They are
 * settings besides those that the environment has already (`GIT_CONFIG_COUNT` of git-config(1)).
 */
export function gitVariables(
  { repositories }: Pick<SourceCache, 'repositories'>,
  environment: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (repositories.length === 0) return {};
  const settings = [
    ...repositories.map(({ url, name }) => [
      `url.file://${sourcesMount}/git/${name}.insteadOf`,
      url,
    ]),
    // Otherwise submodules may not come from a directory, which all addresses are now.
    ['protocol.file.allow', 'always'],
  ];
  const given = Number(environment[countVariable] ?? '0');
  const first = Number.isSafeInteger(given) && given >= 0 ? given : 0;
  return Object.fromEntries([
    [countVariable, String(first + settings.length)],
    ...settings.flatMap(([key = '', value = ''], index) => [
      [`GIT_CONFIG_KEY_${first + index}`, key],
      [`GIT_CONFIG_VALUE_${first + index}`, value],
    ]),
  ]);
}

const countVariable = 'GIT_CONFIG_COUNT';
