import type { Digest } from '@kiln/base';
import type { RegistryConnection } from './connection.ts';
import type { OpenAnswer } from './send.ts';
import { readText } from './send.ts';

/** A part of a blob; all of it by default. */
export interface BlobRange {
  /** The first byte, from 0. */
  readonly start?: number;
  /** How many bytes at most. */
  readonly lengthBytes?: number;
}

/** How often one blob goes on after a connection that broke. */
const breaksMax = 5;

/** See `RegistryRepository.readBlob`. */
export async function readBlob(
  connection: RegistryConnection,
  digest: Digest,
  { start = 0, lengthBytes }: BlobRange,
): Promise<AsyncGenerator<Uint8Array> | undefined> {
  const what = `blob ${digest}`;
  const end = lengthBytes === undefined ? undefined : start + lengthBytes;
  const from = (at: number): Promise<OpenPart | undefined> =>
    connection.again(what, () => openPart(connection, { digest, at, end, what }));
  const first = await from(start);
  return first === undefined ? undefined : parts(connection, { first, from, start, end, what });
}

interface OpenPart {
  readonly answer: OpenAnswer;
  /** Bytes of the answer that come before what was asked for. */
  readonly skip: number;
  /** Bytes that follow, where the registry says so. */
  readonly expected: number | undefined;
}

async function openPart(
  connection: RegistryConnection,
  {
    digest,
    at,
    end,
    what,
  }: {
    readonly digest: Digest;
    readonly at: number;
    readonly end: number | undefined;
    readonly what: string;
  },
): Promise<OpenPart | undefined> {
  const isWhole = at === 0 && end === undefined;
  const range = `bytes=${at}-${end === undefined ? '' : end - 1}`;
  const answer = await connection.open({
    method: 'GET',
    path: `blobs/${digest}`,
    ...(isWhole ? {} : { headers: { range } }),
  });
  const { status, headers } = answer;
  const length = Number(headers['content-length'] ?? Number.NaN);
  const expected = Number.isNaN(length) ? undefined : length;
  // A registry may not know ranges, and begin from the beginning.
  if (status === 200) return { answer, skip: at, expected };
  const [, begins] = /^bytes (\d+)-/.exec(headers['content-range'] ?? '') ?? [];
  if (status === 206 && Number(begins) === at) return { answer, skip: 0, expected };
  const text = await readText(answer);
  if (text.status === 404) return undefined;
  throw connection.failed(text, what);
}

async function* parts(
  connection: RegistryConnection,
  {
    first,
    from,
    start,
    end = Number.POSITIVE_INFINITY,
    what,
  }: {
    readonly first: OpenPart;
    readonly from: (at: number) => Promise<OpenPart | undefined>;
    readonly start: number;
    readonly end: number | undefined;
    readonly what: string;
  },
): AsyncGenerator<Uint8Array> {
  let part: OpenPart | undefined = first;
  let at = start;
  for (let breaks = 0; ; breaks++) {
    if (part === undefined) throw connection.broken(`${what} is gone`);
    try {
      for await (const chunk of wanted(part, end - at)) {
        at += chunk.length;
        yield chunk;
      }
      return;
    } catch (error) {
      if (breaks >= breaksMax) throw connection.unreachable(error, what);
    }
    part = await from(at);
  }
}

/** The bytes that were asked for. Throws where fewer came than the registry said. */
async function* wanted(
  { answer, skip, expected }: OpenPart,
  most: number,
): AsyncGenerator<Uint8Array> {
  let seen = 0;
  let left = most;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    const before = Math.max(0, Math.min(chunk.length, skip - seen));
    seen += chunk.length;
    const bytes = chunk.subarray(before, Math.min(chunk.length, before + left));
    left -= bytes.length;
    if (bytes.length > 0) yield bytes;
    if (left <= 0) return;
  }
  if (expected !== undefined && seen < expected) throw new Error('the connection ended early');
}
