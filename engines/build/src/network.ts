import {
  canonicalJson,
  compareBytes,
  isDigest,
  type Digest,
  type KilnError,
  type Position,
} from '@kiln/base';
import type { BuildLogLine } from './log.ts';
import { showsOutput, type BuildFailure } from './outcome.ts';
import type { Mount, Relay } from './sandbox.ts';
import type { StepsResult } from './steps.ts';

/** What a step asked the network for, as far as it decides the answer. */
export interface ObservedRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** Whole, without user information and fragment; `http` or `https`. */
  readonly url: string;
  /** By lower case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the body of a POST. */
  readonly sent?: Digest;
}

/** One answer that steps got from the network. */
export interface ObservedAnswer {
  readonly request: ObservedRequest;
  readonly status: number;
  /** By lower case name: those that clients go by. */
  readonly headers: Readonly<Record<string, string>>;
  readonly content: { readonly digest: Digest; readonly sizeBytes: number };
}

/**
 * What the steps of a build got from the network: its answers, ordered and each request once. With it and a store of the
 * contents the build runs again without a network.
 */
export interface NetworkRecord {
  readonly version: 1;
  readonly answers: readonly ObservedAnswer[];
}

/** Two requests with one key get one answer. */
export function requestKey({ method, url, headers, sent }: ObservedRequest): string {
  return canonicalJson({ method, url, headers, sent });
}

export function networkRecord(answers: Iterable<ObservedAnswer>): NetworkRecord {
  const byKey = new Map([...answers].map((one) => [requestKey(one.request), one]));
  const place = ({ request }: ObservedAnswer): string => `${request.url}\0${requestKey(request)}`;
  return {
    version: 1,
    answers: [...byKey.values()].sort((a, b) => compareBytes(place(a), place(b))),
  };
}

/** Reads a record that was kept as JSON. Undefined: it is none. */
export function parseNetworkRecord(value: unknown): NetworkRecord | undefined {
  if (!isRecord(value) || value['version'] !== 1 || !Array.isArray(value['answers']))
    return undefined;
  const answers: readonly unknown[] = value['answers'];
  return answers.every(isAnswer) ? networkRecord(answers) : undefined;
}

function isAnswer(value: unknown): value is ObservedAnswer {
  if (!isRecord(value)) return false;
  const { request, status, headers, content } = value;
  return (
    isRecord(request) &&
    ['GET', 'HEAD', 'POST'].includes(String(request['method'])) &&
    /^https?:\/\//.test(String(request['url'])) &&
    isTexts(request['headers']) &&
    (request['sent'] === undefined || isDigest(String(request['sent']))) &&
    Number.isInteger(status) &&
    isTexts(headers) &&
    isRecord(content) &&
    isDigest(String(content['digest'])) &&
    Number.isSafeInteger(content['sizeBytes'])
  );
}

function isTexts(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a build fetched, for its provenance: every address that gave something, with the digest of what it gave. */
export function networkDependencies({
  answers,
}: NetworkRecord): readonly { readonly uri: string; readonly digest: Digest }[] {
  const fetched = answers
    .filter(({ request, status }) => status === 200 && request.method !== 'HEAD')
    .map(({ request, content }) => ({ uri: request.url, digest: content.digest }));
  return [...new Map(fetched.map((one) => [`${one.uri} ${one.digest}`, one])).values()];
}

/** Keeps what builds fetched by their action digest. */
export interface NetworkRecords {
  get(action: Digest): Promise<NetworkRecord | undefined>;
  put(action: Digest, record: NetworkRecord): Promise<void>;
}

export interface ObserveRequest {
  /** Answers that are known: they are given again, and others to the same requests are refused. */
  readonly known: NetworkRecord | undefined;
  onLog(line: BuildLogLine): void;
}

/** Lets steps reach the network, and remembers what they get there. */
export interface NetworkObserver {
  open(request: ObserveRequest): Promise<ObservedNetwork>;
}

export interface ObservedNetwork {
  readonly relay: Relay;
  readonly mounts: readonly Mount[];
  /** By which programs find the way out, and trust who answers there. */
  readonly variables: Readonly<Record<string, string>>;
  /** The same as options of programs, for variables that may have others in them: these are added. */
  readonly options: Readonly<Record<string, string>>;
  /** What was asked for and not given, and why; at most a hundred lines. */
  readonly refusals: readonly string[];
  /** Set when the build must not go on, whatever its steps made of it: an answer is another than the known one, or a limit was met. */
  readonly trouble: KilnError | undefined;
  /** Whether somebody who was asked was in trouble that may pass. */
  readonly unsteady: boolean;
  record(): NetworkRecord;
  close(): Promise<void>;
}

/** The environment of steps that have a network. */
export function networkVariables(
  base: Readonly<Record<string, string>>,
  network: Pick<ObservedNetwork, 'variables' | 'options'> | undefined,
): Readonly<Record<string, string>> {
  if (network === undefined) return base;
  const added = Object.entries(network.options).map(([name, options]) => [
    name,
    [base[name] ?? '', options].filter(Boolean).join(' '),
  ]);
  return { ...base, ...network.variables, ...Object.fromEntries(added) };
}

/** What became of steps that had a network: what it refused explains why one failed. */
export function judgeNetwork(
  network: ObservedNetwork | undefined,
  result: StepsResult,
  position: Position | undefined,
): StepsResult {
  if (network === undefined || result?.kind === 'aborted') return result;
  const { trouble, refusals, unsteady } = network;
  if (trouble !== undefined) return changed(trouble, position);
  if (result === undefined) return result;
  const retry = unsteady && showsOutput(result) ? { retry: 'later' as const } : {};
  if (refusals.length === 0) return { ...result, ...retry };
  return {
    ...result,
    ...retry,
    hint: 'the network refused what the last lines say',
    findings: [
      ...result.findings,
      ...refusals.slice(-refusalsMax).map((line) => `network: ${line}`),
    ],
  };
}

const refusalsMax = 5;

function changed({ message, hint }: KilnError, position: Position | undefined): BuildFailure {
  const code = 'BUILD_NETWORK_REFUSED';
  return { kind: 'failed', code, message, position, hint, findings: [] };
}
