import { request } from 'node:http';
import { digestOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { emptyBytes, emptyDescriptor, mediaTypes } from '@kiln/oci';
import { expect } from 'vitest';

/** A registry under test, over HTTP; every section works in repositories of its own. */
export interface DistributionUnderTest {
  /** Where it answers, without `/v2/`; another place may follow a restart. */
  url(): string;
  /** Ends the server and starts another over the same storage. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** What a call sends. */
export interface CallOptions {
  readonly body?: Uint8Array<ArrayBuffer> | string | ReadableStream;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Bytes that differ from one seed to another. */
export function content(sizeBytes: number, seed = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: sizeBytes }, (_, at) => (at * 31 + (at >> 8) + seed * 7) % 251);
}

/** An artifact's manifest whose only content is the empty blob. */
export function artifact(more: object = {}): object {
  const empty = { mediaType: mediaTypes.empty, size: 2, digest: emptyDescriptor.digest };
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: 'application/vnd.example.thing',
    config: empty,
    layers: [empty],
    ...more,
  };
}

/** The digest of a document as `DistributionClient` sends it. */
export function digestOfJson(document: object): Digest {
  return digestOf(JSON.stringify(document));
}

/** Speaks the distribution API as a client would, with nothing between a test and the status. */
export class DistributionClient {
  readonly #subject: () => DistributionUnderTest;

  constructor(subject: () => DistributionUnderTest) {
    this.#subject = subject;
  }

  call(method: string, path: string, options: CallOptions = {}): Promise<Response> {
    const { body, headers = {} } = options;
    const init = {
      method,
      headers,
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    } as RequestInit;
    return fetch(new URL(path, this.#subject().url()), init);
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.call('GET', path, { headers });
  }

  head(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.call('HEAD', path, { headers });
  }

  /** Pushes a blob in one request; its path. */
  async pushBlob(repository: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf(bytes)}`;
    requireStatus(await this.call('POST', path, { body: bytes }), 201);
    return `/v2/${repository}/blobs/${digestOf(bytes)}`;
  }

  /** Opens an upload; its path. */
  async startUpload(repository: string): Promise<string> {
    const response = await this.call('POST', `/v2/${repository}/blobs/uploads/`);
    return locationOf(requireStatus(response, 202));
  }

  /** Sends a part of `bytes` with its range, `end` not included. */
  sendChunk(
    location: string,
    bytes: Uint8Array<ArrayBuffer>,
    { start, end }: { readonly start: number; readonly end: number },
  ): Promise<Response> {
    return this.call('PATCH', location, {
      body: bytes.slice(start, end),
      headers: {
        'content-type': 'application/octet-stream',
        'content-range': `${start}-${end - 1}`,
      },
    });
  }

  finishUpload(location: string, digest: string, options: CallOptions = {}): Promise<Response> {
    const query = `${location.includes('?') ? '&' : '?'}digest=${digest}`;
    return this.call('PUT', `${location}${query}`, options);
  }

  /** The empty blob, which `artifact` needs. */
  async pushEmpty(repository: string): Promise<void> {
    await this.pushBlob(repository, Uint8Array.from(emptyBytes));
  }

  putManifest(
    repository: string,
    reference: string,
    document: object | string,
    mediaType: string = mediaTypes.manifest,
  ): Promise<Response> {
    return this.call('PUT', `/v2/${repository}/manifests/${reference}`, {
      body: typeof document === 'string' ? document : JSON.stringify(document),
      headers: { 'content-type': mediaType },
    });
  }

  /** Sends a request whose connection breaks before the announced body was sent; settled when it is gone. */
  breakOff(
    method: string,
    path: string,
    sent: { readonly bytes: Uint8Array; readonly announced: number },
  ): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const broken = request(new URL(path, this.#subject().url()), {
      method,
      headers: { 'content-length': `${sent.announced}` },
    });
    broken.once('error', () => resolve());
    broken.once('close', () => resolve());
    broken.write(sent.bytes, () => broken.destroy());
    return promise;
  }
}

function requireStatus(response: Response, status: number): Response {
  if (response.status === status) return response;
  throw new Error(`${response.url} answered ${response.status} instead of ${status}`);
}

/** The `Location` of an answer, as a path or an address; fails without one. */
export function locationOf(response: Response): string {
  const location = response.headers.get('location');
  if (location === null) throw new Error(`${response.status} without a location`);
  return location;
}

/** The status and code of a refusal, whose body has the form of the section "Error Codes". */
export async function refusalOf(response: Response): Promise<readonly [number, string]> {
  expect(response.headers.get('content-type')).toMatch(/^application\/json\b/);
  const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
  expect(errors.length).toBeGreaterThan(0);
  for (const { code, message } of errors) {
    expect(code).toMatch(/^[A-Z_]+$/);
    expect(typeof message).toBe('string');
  }
  return [response.status, errors[0]?.code ?? ''];
}

/** The address of the next page in a `Link` header (RFC 8288), or undefined on the last one. */
export function nextOf(response: Response): string | undefined {
  return /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
}
