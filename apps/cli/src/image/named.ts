import type { Digest } from '@kiln/base';
import { KilnError, digestOf } from '@kiln/base';
import type { Descriptor, Reference } from '@kiln/oci';
import { parseReference, printReference } from '@kiln/oci';
import { RegistryRepository } from '@kiln/registry-client';
import type { ImageSource } from '@kiln/trust';
import { findRunning } from '../client.ts';
import type { Config } from '../config.ts';
import { credentialFor } from '../image-build/docker-credentials.ts';
import { parseImageName } from '../image-build/image-name.ts';
import { LocalImage } from './local.ts';

/** An image that a person names. */
export interface NamedImage extends ImageSource {
  /** Its name, or its place. */
  readonly text: string;
  /** What helps where a part of it is damaged. */
  readonly repair: string;
  /** The digest that the name means now. Throws `IMAGE_NOT_FOUND`, `IMAGE_CONTENT`. */
  resolve(): Promise<Digest>;
}

/**
 * A name of this factory's registry, unless it says another, or the place of an image on this machine: see `LocalImage.at`. Throws what
 * that does, and `OCI_REFERENCE_INVALID`.
 */
export function namedImage(config: Config, text: string): NamedImage {
  const local = LocalImage.at(text);
  if (local !== undefined) return local;
  const reference = parseReference(text);
  if (reference.registry !== '') return new RegistryImage(parseImageName(text));
  const registry = `localhost:${findRunning(config.home)?.port ?? config.port}`;
  return new RegistryImage({ ...reference, registry });
}

/** An image in a registry, which is asked with docker’s credentials where it wants to know who asks. */
export class RegistryImage implements NamedImage {
  readonly reference: Reference;
  readonly repair = 'kiln verify names what is wrong; kiln resync repairs what is of this factory';
  readonly #repository: RegistryRepository;

  constructor(reference: Reference) {
    const { registry, repository } = reference;
    this.reference = reference;
    this.#repository = new RegistryRepository({
      registry,
      repository,
      access: 'pull',
      credential: () => credentialFor(process.env, { registry, repository }),
      signal: new AbortController().signal,
    });
  }

  get text(): string {
    return printReference(this.reference);
  }

  /** The digest that the reference names now. Throws `IMAGE_NOT_FOUND`. */
  async resolve(): Promise<Digest> {
    if (this.reference.digest !== undefined) return this.reference.digest;
    const bytes = await this.#repository.readManifest(this.reference.tag ?? 'latest');
    if (bytes !== undefined) return digestOf(bytes);
    throw new KilnError('IMAGE_NOT_FOUND', `there is no image ${this.text}`, {
      hint: 'kiln image ls lists the images',
    });
  }

  readManifest(digest: Digest): Promise<Uint8Array | undefined> {
    return this.#repository.readManifest(digest);
  }

  readBlob(digest: Digest): Promise<AsyncIterable<Uint8Array> | undefined> {
    return this.#repository.readBlob(digest);
  }

  listReferrers(digest: Digest): Promise<readonly Descriptor[]> {
    return this.#repository.listReferrers(digest);
  }
}
