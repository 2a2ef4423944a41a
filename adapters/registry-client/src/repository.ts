import { collect, digestOf, hexOf, shorten } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { documentBytesMax, mediaTypes, parseIndex } from '@kiln/oci';
import type { Descriptor } from '@kiln/oci';
import type { BlobRange } from './blob-reader.ts';
import { readBlob } from './blob-reader.ts';
import { RegistryConnection } from './connection.ts';
import type { RegistryRepositoryOptions } from './connection.ts';
import type { Answer, OpenAnswer } from './send.ts';
import { readText } from './send.ts';

export interface PushedBlob {
  readonly descriptor: Pick<Descriptor, 'digest' | 'sizeBytes'>;
  /** Starts the content anew each time. */
  open(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

const manifestTypes = [
  mediaTypes.index,
  mediaTypes.manifest,
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');
/** Pages of referrers; a page has some hundreds. */
const pagesMax = 100;

/**
 * One repository of a registry, to read from and to push to (distribution specification 1.1). What fails in a way that may pass is
 * tried three times, after a wait. Every method throws `REGISTRY_CLIENT_REFUSED`, `REGISTRY_CLIENT_UNAVAILABLE`, `REGISTRY_CLIENT_ANSWER`, and
 * `REGISTRY_CLIENT_CREDENTIALS` where docker’s are wanted and cannot be read.
 */
export class RegistryRepository {
  readonly #connection: RegistryConnection;

  constructor(options: RegistryRepositoryOptions) {
    this.#connection = new RegistryConnection(options);
  }

  /** The bytes of a manifest, by its tag or its digest; undefined where there is none. At most 4 MiB; nothing is checked. */
  async readManifest(reference: string): Promise<Uint8Array | undefined> {
    const what = `manifest ${shorten(reference)}`;
    return this.#connection.again(what, async () => {
      const headers = { accept: manifestTypes };
      const path = `manifests/${reference}`;
      return this.#document(await this.#connection.open({ method: 'GET', path, headers }), what);
    });
  }

  /**
   * The bytes of a blob, or of a part of it; undefined where there is none. Where the connection breaks, it goes on from there.
   * Neither its length nor its digest is checked.
   */
  readBlob(digest: Digest, range: BlobRange = {}): Promise<AsyncGenerator<Uint8Array> | undefined> {
    return readBlob(this.#connection, digest, range);
  }

  /** The referrers of a manifest; from the tag that takes their place where the registry does not list them. */
  async listReferrers(digest: Digest): Promise<readonly Descriptor[]> {
    const what = `referrers of ${digest}`;
    const found: Descriptor[] = [];
    let url: URL | undefined = new URL(`${this.#connection.base}/referrers/${digest}`);
    for (let page = 0; url !== undefined && page < pagesMax; page++) {
      const at: URL = url;
      const answer: Page | undefined = await this.#connection.again(what, () =>
        this.#page(at, what),
      );
      if (answer === undefined) return page === 0 ? this.#taggedReferrers(digest) : found;
      found.push(...answer.manifests);
      url = answer.next;
    }
    return found;
  }

  /** Pushes a blob that the registry does not have. */
  async pushBlob(blob: PushedBlob): Promise<void> {
    const { digest } = blob.descriptor;
    const what = `blob ${digest}`;
    await this.#connection.again(what, async () => {
      const head = await this.#connection.ask({ method: 'HEAD', path: `blobs/${digest}` });
      if (head.status !== 200) await this.#upload(blob, what);
    });
  }

  /** Puts a manifest under its digest or under a tag. */
  async pushManifest(
    reference: string,
    { mediaType, bytes }: { readonly mediaType: string; readonly bytes: Uint8Array },
  ): Promise<void> {
    const what = `manifest ${shorten(reference)}`;
    await this.#connection.again(what, async () => {
      const answer = await this.#connection.ask({
        method: 'PUT',
        path: `manifests/${reference}`,
        headers: { 'content-type': mediaType },
        sizeBytes: bytes.length,
        open: () => [bytes],
      });
      this.#require(answer, [200, 201, 202], what);
    });
  }

  async #upload({ descriptor, open }: PushedBlob, what: string): Promise<void> {
    const begun = await this.#connection.ask({ method: 'POST', path: 'blobs/uploads/' });
    this.#require(begun, [202], what);
    const location = begun.headers.location;
    if (location === undefined || !URL.canParse(location, begun.url))
      throw this.#connection.failed(begun, what);
    const url = new URL(location, begun.url);
    url.searchParams.set('digest', descriptor.digest);
    const answer = await this.#connection.ask({
      method: 'PUT',
      url,
      headers: { 'content-type': 'application/octet-stream' },
      sizeBytes: descriptor.sizeBytes,
      open,
    });
    this.#require(answer, [201, 204], what);
  }

  async #page(url: URL, what: string): Promise<Page | undefined> {
    const headers = { accept: mediaTypes.index };
    const answer = await this.#connection.open({ method: 'GET', url, headers });
    const bytes = await this.#document(answer, what);
    if (bytes === undefined) return undefined;
    const [, link] =
      /<([^>]*)>\s*;\s*rel="?next"?/.exec(String(answer.headers['link'] ?? '')) ?? [];
    const isAddress = link !== undefined && URL.canParse(link, url);
    const next = isAddress ? new URL(link, url) : undefined;
    // Another host’s list is not this registry’s word.
    return {
      manifests: parseIndex(bytes).manifests,
      next: next?.host === url.host ? next : undefined,
    };
  }

  /**
   * Where registries do not know referrers, clients keep them under a tag (specification, "referrers tag schema"). `cosign copy` puts
   * the manifest itself there, which lists none.
   */
  async #taggedReferrers(digest: Digest): Promise<readonly Descriptor[]> {
    const bytes = await this.readManifest(`sha256-${hexOf(digest)}`);
    return bytes === undefined || digestOf(bytes) === digest ? [] : parseIndex(bytes).manifests;
  }

  async #document(answer: OpenAnswer, what: string): Promise<Uint8Array | undefined> {
    if (answer.status === 200)
      return collect(answer.body as AsyncIterable<Uint8Array>, documentBytesMax, () =>
        this.#connection.broken(`${what} is larger than ${documentBytesMax} bytes`),
      );
    const text = await readText(answer);
    if (text.status === 404) return undefined;
    throw this.#connection.failed(text, what);
  }

  #require(answer: Answer, allowed: readonly number[], what: string): void {
    if (!allowed.includes(answer.status)) throw this.#connection.failed(answer, what);
  }
}

interface Page {
  readonly manifests: readonly Descriptor[];
  readonly next: URL | undefined;
}
