import type { UseMutationResult, UseQueryResult } from '@tanstack/react-query';
import {
  QueryClient,
  keepPreviousData,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import type {
  ImageDetail,
  ImageDifference,
  ImageSummary,
  KeyDetail,
  KeySummary,
  PackageDetail,
  PackageOfImage,
  PackageReason,
  PackageSummary,
  RepositoryList,
  Status,
  TagBefore,
  TagHistory,
  VersionsOfImage,
} from './client.ts';
import { ApiFailure, api } from './client.ts';
import { useLive } from './live.ts';

const retriesMax = 2;
/** Losing an event costs this much latency at most. */
const pollLiveMs = 30_000;
/** Without events everything is asked for this often. */
const pollMs = 3_000;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        networkMode: 'always',
        staleTime: 1_000,
        retry: (count, error) =>
          count < retriesMax && !(error instanceof ApiFailure && !error.away),
        retryDelay: 500,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
}

type Found<T> = UseQueryResult<T, ApiFailure>;

function useLiveQuery<T>(
  queryKey: readonly string[],
  queryFn: (signal: AbortSignal) => Promise<T>,
  options: { readonly placeholderData?: typeof keepPreviousData } = {},
): Found<T> {
  const live = useLive();
  return useQuery<T, ApiFailure>({
    ...options,
    queryKey,
    queryFn: ({ signal }) => queryFn(signal),
    refetchInterval: live === 'live' ? pollLiveMs : pollMs,
  });
}

export const useStatus = (): Found<Status> => useLiveQuery(['status'], api.status);
export const useKeys = (): Found<readonly KeySummary[]> => useLiveQuery(['keys'], api.keys);
export const useKey = (key: string): Found<KeyDetail> =>
  useLiveQuery(['keys', key], (signal) => api.key(key, signal));
export const useImages = (): Found<readonly ImageSummary[]> => useLiveQuery(['images'], api.images);
export const useImage = (name: string): Found<ImageDetail> =>
  useLiveQuery(['images', name], (signal) => api.image(name, signal));
export const usePackage = (name: string): Found<PackageDetail> =>
  useLiveQuery(['packages', 'one', name], (signal) => api.package(name, signal));

/** While another page is on its way the one before stays. */
const pages = { placeholderData: keepPreviousData };

/** A version never changes: what was once answered of it is not asked for again. */
function useFixedQuery<T>(
  queryKey: readonly string[],
  queryFn: (signal: AbortSignal) => Promise<T>,
): Found<T> {
  return useQuery<T, ApiFailure>({
    queryKey,
    queryFn: ({ signal }) => queryFn(signal),
    staleTime: 'static',
    ...pages,
  });
}

export const useWhy = (one: PackageOfImage): Found<PackageReason> =>
  useFixedQuery(['why', one.name, one.digest, one.package], (signal) => api.why(one, signal));
/** What came before a change stays as it was. */
export const useTagBefore = (one: TagBefore): Found<TagHistory> =>
  useFixedQuery(['history', one.name, 'of', one.tag, String(one.before)], (signal) =>
    api.tagHistory(one, signal),
  );
export const useDifference = (versions: VersionsOfImage): Found<ImageDifference> =>
  useFixedQuery(['difference', versions.name, versions.from, versions.to], (signal) =>
    api.difference(versions, signal),
  );

/** Repositories that are no image of a catalog, those after a name. */
export const useOtherRepositories = (after: string): Found<RepositoryList> =>
  useLiveQuery(['repositories', after], (signal) => api.otherRepositories(after, signal), pages);
/** Changes of the tags of a repository, those before one of them. */
export const useHistory = (name: string, before: number | undefined): Found<TagHistory> =>
  useLiveQuery(
    ['history', name, String(before ?? '')],
    (signal) => api.history(name, before, signal),
    pages,
  );
export const usePackages = (seed: boolean): Found<readonly PackageSummary[]> =>
  useLiveQuery(
    ['packages', seed ? 'with seed' : 'own'],
    (signal) => api.packages(seed, signal),
    pages,
  );

export type KeyAction = UseMutationResult<
  { readonly keys: readonly string[] },
  ApiFailure,
  readonly string[]
>;

function useKeyAction(mutationFn: typeof api.retry): KeyAction {
  const queries = useQueryClient();
  return useMutation<{ readonly keys: readonly string[] }, ApiFailure, readonly string[]>({
    mutationFn,
    onSuccess: () => queries.invalidateQueries(),
  });
}

/** Tries parked keys again. */
export const useRetry = (): KeyAction => useKeyAction(api.retry);
/** Looks at keys at once: what is missing or damaged is repaired. */
export const useResync = (): KeyAction => useKeyAction(api.resync);
