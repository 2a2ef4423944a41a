import type { Digest } from '@kiln/base';
import type { ComponentIndex, RegistryState } from '@kiln/factory';
import { parseAtom, satisfies } from '@kiln/version';
import type { ImageComponentsView, UsedBy } from './api/component-schemas.ts';

/** More versions of one package than any catalog has. */
const versionsMax = 10_000;

export interface UsedByRequest {
  readonly name: string;
  /** `<3.5.1-r0`, `=1.2-r3`, `~1.2`, or a version; undefined for any. */
  readonly constraint: string | undefined;
  readonly tagged: boolean;
  readonly after: string | undefined;
  readonly limit: number;
}

/** The images with a package, or with versions of it that meet a constraint. Throws `ATOM_INVALID`, `COMPONENT_CURSOR`. */
export async function imagesUsing(index: ComponentIndex, request: UsedByRequest): Promise<UsedBy> {
  const { name, constraint = '' } = request;
  const atom = parseAtom(`${name}${/^[A-Za-z0-9]/.test(constraint) ? '=' : ''}${constraint}`);
  const versions = (await index.versions(name, versionsMax)).filter((one) =>
    satisfies(one.version, atom),
  );
  const byId = new Map(versions.map((one) => [one.id, one.version]));
  const components = [...byId.keys()];
  const page =
    components.length === 0
      ? { images: [], next: undefined }
      : await index.imagesWith({ ...request, components });
  return {
    package: atom.text,
    images: page.images.map((image) => ({
      repository: image.repository,
      digest: image.digest,
      tags: [...image.tags],
      versions: image.components.flatMap((id) => byId.get(id) ?? []),
    })),
    next: page.next ?? null,
  };
}

/** What the image under a tag, or of a digest, is made of; undefined when nobody said, or there is no such image. */
export async function componentsOfImage(
  index: ComponentIndex,
  registry: Pick<RegistryState, 'tag'>,
  image: {
    readonly repository: string;
    readonly tag: string;
    readonly digest: Digest | undefined;
  },
): Promise<ImageComponentsView | undefined> {
  const { repository, tag } = image;
  const digest = image.digest ?? (await registry.tag(repository, tag))?.digest;
  if (digest === undefined) return undefined;
  const components = await index.componentsOf(repository, digest);
  return components && { repository, digest, components: components.map((one) => ({ ...one })) };
}
