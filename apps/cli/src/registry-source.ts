import type { Digest } from '@kiln/base';
import { KilnError, digestOf, isDigest } from '@kiln/base';
import type { Descriptor, Reference } from '@kiln/oci';
import {
  documentBytesMax,
  mediaTypes,
  parseIndex,
  parseReference,
  printReference,
} from '@kiln/oci';
import type { ImageSource } from '@kiln/trust';

const manifestTypes = [
  mediaTypes.index,
  mediaTypes.manifest,
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

/** An image in a registry on loopback, or any that answers plain HTTP or HTTPS without credentials. */
export class RegistrySource implements ImageSource {
  readonly reference: Reference;
  readonly #base: string;

  /** `defaultRegistry` completes a bare name. Throws `OCI_REFERENCE_INVALID`. */
  constructor(text: string, defaultRegistry: string) {
    const bare = !/^[^/]*[.:][^/]*\/|^localhost\//.test(text);
    this.reference = parseReference(bare ? `${defaultRegistry}/${text}` : text);
    const local = /^(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(this.reference.registry);
    this.#base = `${local ? 'http' : 'https'}://${this.reference.registry}/v2/${this.reference.repository}`;
  }

  get text(): string {
    return printReference(this.reference);
  }

  /** The digest that the reference names now. Throws `IMAGE_NOT_FOUND`. */
  async resolve(): Promise<Digest> {
    if (this.reference.digest !== undefined) return this.reference.digest;
    const response = await this.#get(`manifests/${this.reference.tag ?? 'latest'}`, manifestTypes);
    if (response === undefined)
      throw new KilnError('IMAGE_NOT_FOUND', `there is no image ${this.text}`, {
        hint: 'kiln image ls lists the images',
      });
    return digestOf(await bounded(response));
  }

  async readManifest(digest: Digest): Promise<Uint8Array | undefined> {
    const response = await this.#get(`manifests/${digest}`, manifestTypes);
    return response === undefined ? undefined : bounded(response);
  }

  async readBlob(digest: Digest): Promise<AsyncIterable<Uint8Array> | undefined> {
    const response = await this.#get(`blobs/${digest}`, '*/*');
    return (response?.body ?? undefined) as AsyncIterable<Uint8Array> | undefined;
  }

  async listReferrers(digest: Digest): Promise<readonly Descriptor[]> {
    const response = await this.#get(`referrers/${digest}`, mediaTypes.index);
    return response === undefined ? [] : parseIndex(await bounded(response)).manifests;
  }

  async #get(route: string, accept: string): Promise<Response | undefined> {
    const response = await fetch(`${this.#base}/${route}`, {
      headers: { accept },
      signal: AbortSignal.timeout(60_000),
    });
    if (response.status === 404) return undefined;
    if (!response.ok) {
      throw new KilnError(
        'REGISTRY_ANSWER',
        `${this.reference.registry} answered ${response.status}`,
        { hint: 'is this the right registry?', retry: 'later' },
      );
    }
    const stated = response.headers.get('docker-content-digest');
    if (stated !== null && !isDigest(stated))
      throw new KilnError(
        'REGISTRY_ANSWER',
        `${this.reference.registry} states a digest that is none`,
      );
    return response;
  }
}

async function bounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > documentBytesMax)
      throw new KilnError('REGISTRY_ANSWER', 'a manifest is larger than 4 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
