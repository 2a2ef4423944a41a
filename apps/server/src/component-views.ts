import type { Digest } from '@kiln/base';
import { KilnError, shorten } from '@kiln/base';
import type { ComponentIndex, RegistryState } from '@kiln/factory';
import type { Atom } from '@kiln/version';
import { isVersion, parseAtom, satisfies } from '@kiln/version';
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
  const atom = askedAtom(name, constraint);
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

/** What matches nothing, or everything, because it is no version, must not be answered as if it were one. */
function askedAtom(name: string, constraint: string): Atom {
  const text = `${name}${/^[A-Za-z0-9]/.test(constraint) ? '=' : ''}${constraint}`;
  const atom = parseAtom(text);
  const { version, operator } = atom;
  const isAsked = constraint === '' ? version === undefined : isVersion(version ?? '');
  if (atom.name === name && atom.tag === undefined && operator !== '><' && isAsked) return atom;
  throw new KilnError('ATOM_INVALID', `not a package and a version: "${shorten(text)}"`, {
    hint: 'write a version such as 1.2.3-r0, or <1.2.3, >=1.2, ~1.2',
  });
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
