import type { InstalledPackage } from '@kiln/apk';
import { KilnError, sortUnique } from '@kiln/base';
import { completeImageConfig, parseImageConfig } from '@kiln/image-config';
import { SLSA_PROVENANCE_PREDICATE, parseProvenance } from '@kiln/intoto';
import type { Digest } from '@kiln/base';
import type { ImageSource } from '@kiln/trust';
import { signedPredicate } from '@kiln/trust';
import type { AskedEntries } from './why.ts';

export interface AskedRequest {
  readonly source: ImageSource;
  /** The image and what it holds of packages. */
  readonly contents: {
    readonly digest: Digest;
    readonly packages: readonly Pick<InstalledPackage, 'name' | 'version'>[];
    readonly world: string;
  };
  /** Whose provenance counts; undefined where there is no key to believe. */
  readonly imageKeyPem: string | undefined;
}

/**
 * What an image was made for: the packages of the configuration in its provenance, where the key signed one, or else what its
 * `etc/apk/world` lists. Throws `KEYS_INVALID` for a bad key, and what the source does.
 */
export async function askedOf(request: AskedRequest): Promise<AskedEntries> {
  const { source, contents, imageKeyPem } = request;
  if (imageKeyPem !== undefined) {
    const found = await signedPredicate({
      source,
      subject: contents.digest,
      predicateType: SLSA_PROVENANCE_PREDICATE,
      imageKeyPem,
    });
    const asked = found.kind === 'signed' ? askedByProvenance(found.predicate) : undefined;
    if (asked !== undefined) return asked;
  }
  return askedByWorld(contents.world, contents.packages);
}

/** The packages of the configuration that provenance of an image holds; undefined where it holds none that can be read. */
export function askedByProvenance(predicate: Readonly<Record<string, unknown>>): AskedEntries {
  try {
    const { configuration } = parseProvenance(predicate).externalParameters;
    if (typeof configuration !== 'string') return undefined;
    const parsed = parseImageConfig(configuration, 'the configuration in the provenance');
    return askedFor(completeImageConfig(parsed).contents.packages);
  } catch (error) {
    // Another builder's, or that of another version: it is of no use here.
    if (error instanceof KilnError) return undefined;
    throw error;
  }
}

/** A world that lists every package with its version is a lock, which does not say what was asked for. */
export function askedByWorld(
  world: string,
  packages: readonly Pick<InstalledPackage, 'name' | 'version'>[],
): AskedEntries {
  const entries = askedFor(world.split(/\s+/).filter((entry) => entry !== ''));
  const listed = new Set(entries.map((entry) => entry.replace(/@.*$/s, '')));
  const isLock = packages.every(({ name, version }) => listed.has(`${name}=${version}`));
  return entries.length === 0 || isLock ? undefined : entries;
}

function askedFor(entries: readonly string[]): readonly string[] {
  return sortUnique(entries.filter((entry) => !entry.startsWith('!')));
}
