import createClient from 'openapi-fetch';
import type { components, paths } from './schema.d.ts';

type Schemas = components['schemas'];
export type Status = Schemas['Status'];
export type Stage = Schemas['Stage'];
export type KeySummary = Schemas['KeySummary'];
export type KeyDetail = Schemas['KeyDetail'];
export type KeyStatus = KeySummary['status'];
export type KeyKind = KeySummary['kind'];
export type Attempt = Schemas['Attempt'];
export type ImageSummary = Schemas['ImageSummary'];
export type ImageDetail = Schemas['ImageDetail'];
export type ImageSettings = Schemas['ImageSettings'];
export type ImageDifference = Schemas['ImageDifference'];
export type PackageReason = Schemas['PackageReason'];
export type WhyStep = Schemas['WhyStep'];
export type RepositoryList = Schemas['RepositoryList'];
export type TagHistory = Schemas['TagHistory'];
export type RetentionSummary = Schemas['RetentionSummary'];
export type PackageSummary = Schemas['PackageSummary'];
export type PackageDetail = Schemas['PackageDetail'];

/** What the factory refused, or that it did not answer (`status` 0). */
export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;

  constructor(status: number, code: string, message: string, hint: string) {
    super(message);
    this.name = 'ApiFailure';
    this.status = status;
    this.code = code;
    this.hint = hint;
  }

  /** The factory itself is away, as opposed to refusing this one thing. */
  get away(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

const client = createClient<paths>({ baseUrl: '' });

interface Answer<T> {
  readonly data?: T | undefined;
  readonly error?: unknown;
  readonly response: Response;
}

function away(): ApiFailure {
  return new ApiFailure(
    0,
    'NO_ANSWER',
    'the factory does not answer',
    'kiln status says whether it runs; kiln up starts it',
  );
}

/** The data of an answer; throws `ApiFailure` for anything else. */
async function dataOf<T>(call: Promise<Answer<T>>): Promise<T> {
  const answer = await call.catch((error: unknown) => {
    throw error instanceof DOMException && error.name === 'AbortError' ? error : away();
  });
  if (answer.response.ok && answer.data !== undefined) return answer.data;
  throw failureOf(answer.response.status, answer.error);
}

/** A refusal in whatever shape it comes: a proxy in between has its own. */
export function failureOf(status: number, body: unknown): ApiFailure {
  const outer =
    typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
  const error: Readonly<Record<string, unknown>> =
    typeof outer === 'object' && outer !== null ? { ...outer } : {};
  const text = (name: string, otherwise: string): string =>
    typeof error[name] === 'string' ? error[name] : otherwise;
  return new ApiFailure(
    status,
    text('code', `HTTP_${status}`),
    text('message', `the factory answered ${status}`),
    text('hint', ''),
  );
}

/** A package of one version of an image. */
export interface PackageOfImage {
  readonly name: string;
  readonly digest: string;
  readonly package: string;
}

/** Two versions of an image, by digest. */
export interface VersionsOfImage {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** A tag of a repository, before one of the changes that its history has. */
export interface TagBefore {
  readonly name: string;
  readonly tag: string;
  readonly before: number;
}

/** Kiln's API as the console uses it; every call throws `ApiFailure`. */
export const api = {
  status: (signal: AbortSignal) => dataOf(client.GET('/api/status', { signal })),
  keys: (signal: AbortSignal) => dataOf(client.GET('/api/keys', { signal })),
  key: (key: string, signal: AbortSignal) =>
    dataOf(client.GET('/api/keys/{key}', { params: { path: { key } }, signal })),
  images: (signal: AbortSignal) => dataOf(client.GET('/api/images', { signal })),
  image: (name: string, signal: AbortSignal) =>
    dataOf(client.GET('/api/images/{name}', { params: { path: { name } }, signal })),
  why: ({ name, digest, package: packageName }: PackageOfImage, signal: AbortSignal) =>
    dataOf(
      client.GET('/api/images/{name}/why', {
        params: { path: { name }, query: { package: packageName, digest } },
        signal,
      }),
    ),
  difference: ({ name, from, to }: VersionsOfImage, signal: AbortSignal) =>
    dataOf(
      client.GET('/api/images/{name}/diff', {
        params: { path: { name }, query: { from, to } },
        signal,
      }),
    ),
  otherRepositories: (after: string, signal: AbortSignal) =>
    dataOf(
      client.GET('/api/repositories', { params: { query: { after, others: 'true' } }, signal }),
    ),
  history: (name: string, before: number | undefined, signal: AbortSignal) =>
    dataOf(
      client.GET('/api/images/{name}/history', {
        params: { path: { name }, query: before === undefined ? {} : { before } },
        signal,
      }),
    ),
  /** The newest changes of one tag before a change of any. */
  tagHistory: ({ name, tag, before }: TagBefore, signal: AbortSignal) =>
    dataOf(
      client.GET('/api/images/{name}/history', {
        params: { path: { name }, query: { tag, before } },
        signal,
      }),
    ),
  packages: (seed: boolean, signal: AbortSignal) =>
    dataOf(
      client.GET('/api/packages', { params: { query: seed ? { seed: 'true' } : {} }, signal }),
    ),
  package: (name: string, signal: AbortSignal) =>
    dataOf(client.GET('/api/packages/{name}', { params: { path: { name } }, signal })),
  retry: (keys: readonly string[]) =>
    dataOf(client.POST('/api/queue/retry', { body: { keys: [...keys] } })),
  resync: (keys: readonly string[]) =>
    dataOf(client.POST('/api/resync', { body: { keys: [...keys] } })),
} as const;
