import type { Digest } from '@kiln/base';
import { KilnError, digestOf } from '@kiln/base';
import type { Descriptor, Reference } from '@kiln/oci';
import { parseReference, printReference } from '@kiln/oci';
import { RegistryRepository } from '@kiln/registry-client';
import type { ImageSource } from '@kiln/trust';
import { findRunning, notRunning } from '../client.ts';
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
  const running = findRunning(config.home);
  const registry = `localhost:${running?.port ?? config.port}`;
  // Another home's factory may have the port, of which nothing is known here.
  const otherwise = running === undefined ? notRunning(config) : undefined;
  return new RegistryImage({ ...reference, registry }, otherwise);
}

/** An image in a registry, which is asked with docker’s credentials where it wants to know who asks. */
export class RegistryImage implements NamedImage {
  readonly reference: Reference;
  readonly repair = 'kiln verify names what is wrong; kiln resync repairs what is of this factory';
  readonly #repository: RegistryRepository;
  readonly #otherwise: KilnError | undefined;

  /** `otherwise` is thrown where nobody is at the registry. */
  constructor(reference: Reference, otherwise?: KilnError) {
    const { registry, repository } = reference;
    this.#otherwise = otherwise;
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

  /** The digest that the reference names now. Throws `IMAGE_NOT_FOUND` and `FACTORY_NOT_RUNNING`. */
  async resolve(): Promise<Digest> {
    if (this.reference.digest !== undefined) return this.reference.digest;
    const bytes = await this.#manifest(this.reference.tag ?? 'latest');
    if (bytes !== undefined) return digestOf(bytes);
    throw new KilnError('IMAGE_NOT_FOUND', `there is no image ${this.text}`, {
      hint: 'kiln image ls lists the images',
    });
  }

  readManifest(digest: Digest): Promise<Uint8Array | undefined> {
    return this.#manifest(digest);
  }

  async #manifest(reference: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#repository.readManifest(reference);
    } catch (error) {
      const isAway = error instanceof KilnError && error.code === 'REGISTRY_CLIENT_UNAVAILABLE';
      throw isAway ? (this.#otherwise ?? error) : error;
    }
  }

  readBlob(digest: Digest): Promise<AsyncIterable<Uint8Array> | undefined> {
    return this.#repository.readBlob(digest);
  }

  listReferrers(digest: Digest): Promise<readonly Descriptor[]> {
    return this.#repository.listReferrers(digest);
  }
}
