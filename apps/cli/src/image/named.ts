import type { Digest } from '@kiln/base';
import { KilnError, digestOf, shorten } from '@kiln/base';
import type { NamedImage } from '@kiln/inspect';
import type { Descriptor, Reference } from '@kiln/oci';
import { parseReference, printReference } from '@kiln/oci';
import { RegistryRepository } from '@kiln/registry-client';
import { findRunning, notRunning } from '../client.ts';
import type { Config } from '../config.ts';
import { credentialFor } from '../image-build/docker-credentials.ts';
import { parseImageName } from '../image-build/image-name.ts';
import { LocalImage } from './local.ts';

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
  const noFile = text.endsWith('.tar')
    ? new KilnError('IMAGE_NOT_FOUND', `there is no file "${shorten(text, 200)}"`, {
        hint: 'name an archive that is there, or an image of a registry',
      })
    : undefined;
  // Another home's factory may have the port, of which nothing is known here.
  const away = running === undefined ? (noFile ?? notRunning(config)) : undefined;
  const { repository } = reference;
  const hint =
    noFile === undefined
      ? `kiln image ls --all lists the repositories, kiln image history ${repository} its tags`
      : `${noFile.message} either`;
  return new RegistryImage({ ...reference, registry }, { away, hint });
}

/** What is said where an image is not in this factory's registry. */
interface OwnAbsence {
  /** Thrown where nobody is at the registry. */
  readonly away: KilnError | undefined;
  readonly hint: string;
}

/** An image in a registry, which is asked with docker’s credentials where it wants to know who asks. */
export class RegistryImage implements NamedImage {
  readonly reference: Reference;
  readonly repair = 'kiln verify names what is wrong; kiln resync repairs what is of this factory';
  readonly #repository: RegistryRepository;
  readonly #own: OwnAbsence | undefined;

  constructor(reference: Reference, own?: OwnAbsence) {
    const { registry, repository } = reference;
    this.#own = own;
    this.reference = reference;
    this.#repository = new RegistryRepository({
      registry,
      repository,
      access: 'pull',
      credential: () => credentialFor({ environment: process.env }, { registry, repository }),
      signal: new AbortController().signal,
    });
  }

  get text(): string {
    return printReference(this.reference);
  }

  /** The digest that the reference names now. Throws `IMAGE_NOT_FOUND` and `FACTORY_NOT_RUNNING`. */
  async resolve(): Promise<Digest> {
    const { digest, tag = 'latest' } = this.reference;
    const bytes = await this.#manifest(digest ?? tag);
    if (bytes !== undefined) return digest ?? digestOf(bytes);
    throw new KilnError('IMAGE_NOT_FOUND', `there is no image ${this.text}`, {
      hint: this.#own?.hint ?? 'check its name and its tag',
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
      throw isAway ? (this.#own?.away ?? error) : error;
    }
  }

  readBlob(digest: Digest): Promise<AsyncIterable<Uint8Array> | undefined> {
    return this.#repository.readBlob(digest);
  }

  listReferrers(digest: Digest): Promise<readonly Descriptor[]> {
    return this.#repository.listReferrers(digest);
  }
}
