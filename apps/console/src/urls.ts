import type { KeyKind, KeyStatus, PackageSummary } from './api/client.ts';

/** The pages of the console. */
export const paths = {
  line: '/',
  key: '/keys/$key',
  images: '/images',
  image: '/images/$name',
  repository: '/repositories/$',
  packages: '/packages',
  package: '/packages/$name',
} as const;

export const keyStatuses = [
  'working',
  'failed',
  'waiting',
  'queued',
  'ready',
] as const satisfies readonly KeyStatus[];
export const keyKinds = [
  'seed',
  'package',
  'test',
  'index',
  'image',
] as const satisfies readonly KeyKind[];

type Search = Readonly<Record<string, unknown>>;

function textIn(search: Search, name: string, lengthMax = 200): string | undefined {
  const value = search[name];
  return typeof value === 'string' && value !== '' ? value.slice(0, lengthMax) : undefined;
}

function oneOf<T extends string>(known: readonly T[], value: string | undefined): T | undefined {
  return known.find((one) => one === value);
}

/** What the first page shows: text in the key, one state, one stage. */
export interface LineSearch {
  readonly q?: string | undefined;
  readonly state?: KeyStatus | undefined;
  readonly stage?: KeyKind | undefined;
}

export function lineSearch(search: Search): LineSearch {
  return {
    q: textIn(search, 'q'),
    state: oneOf(keyStatuses, textIn(search, 'state')),
    stage: oneOf(keyKinds, textIn(search, 'stage')),
  };
}

/** Which attempt's log a key's page shows; the present or latest one by default. */
export interface KeySearch {
  readonly attempt?: string | undefined;
}

export function keySearch(search: Search): KeySearch {
  return { attempt: textIn(search, 'attempt') };
}

/** Where the page of other repositories begins: after this name. */
export interface ImagesSearch {
  readonly after?: string | undefined;
}

export function imagesSearch(search: Search): ImagesSearch {
  return { after: textIn(search, 'after', 1000) };
}

/** Where the page of changes begins: before this one. */
export interface HistorySearch {
  readonly before?: number | undefined;
}

export function historySearch(search: Search): HistorySearch {
  const text = String(search['before'] ?? '');
  return { before: /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined };
}

/** Text in the name or description; `seed` shows the packages of the build environments too. */
export interface PackagesSearch {
  readonly q?: string | undefined;
  readonly seed?: 'true' | undefined;
}

export function packagesSearch(search: Search): PackagesSearch {
  return { q: textIn(search, 'q'), seed: oneOf(['true'], textIn(search, 'seed')) };
}

/** The query string as plain names and values: `1.30` stays a text. */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function printSearch(search: Search): string {
  const known = Object.entries(search).flatMap(([name, value]) =>
    typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [],
  );
  const text = new URLSearchParams(known).toString();
  return text === '' ? '' : `?${text}`;
}

/** Event stream: an event named `changed` whenever something did. */
export const eventsUrl = '/api/events';

/** The log of one attempt as text; with `follow` it goes on until the attempt ends. */
export function logUrl(key: string, attempt: string, follow: boolean): string {
  return `/api/keys/${encodeURIComponent(key)}/log?attempt=${encodeURIComponent(attempt)}${follow ? '&follow=true' : ''}`;
}

/** Where the package file is served. */
export function apkUrl(
  one: Pick<PackageSummary, 'repository' | 'arch' | 'name' | 'version'>,
): string {
  return `/apk/${one.repository}/${one.arch}/${encodeURIComponent(`${one.name}-${one.version}`)}.apk`;
}

/** Where the signed statement of how the package file was made is served. */
export function provenanceUrl(one: Parameters<typeof apkUrl>[0]): string {
  return `${apkUrl(one)}.provenance.sigstore.json`;
}

/** Where the signed bill of materials of an image's version is served, as a file. */
export function sbomUrl(name: string, digest: string, format: 'spdx' | 'cyclonedx'): string {
  return `/api/images/${encodeURIComponent(name)}/sbom?format=${format}&digest=${digest}`;
}

/** A link from outside is followed only when it is a web page. */
export function webUrl(text: string): string | undefined {
  return /^https?:\/\//.test(text) && URL.canParse(text) ? text : undefined;
}
