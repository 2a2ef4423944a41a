import fs from 'node:fs';
import path from 'node:path';
import type { InstalledPackage } from '@kiln/apk';
import { KilnError, sortUnique } from '@kiln/base';
import { completeImageConfig, parseImageConfig } from '@kiln/image-config';
import { SLSA_PROVENANCE_PREDICATE, parseProvenance } from '@kiln/intoto';
import { signedPredicate } from '@kiln/trust';
import type { Config } from '../config.ts';
import type { ImageContents } from './contents.ts';
import type { NamedImage } from './named.ts';
import type { AskedEntries } from './why.ts';

/**
 * What an image was made for: the packages of the configuration in its provenance, where this factory signed one, or else what
 * its `etc/apk/world` lists. Throws what the registry does.
 */
export async function askedOf(
  config: Pick<Config, 'home'>,
  source: NamedImage,
  contents: ImageContents,
): Promise<AskedEntries> {
  const key = path.join(config.home, 'public', 'image.pub');
  if (fs.existsSync(key)) {
    const found = await signedPredicate({
      source,
      subject: contents.digest,
      predicateType: SLSA_PROVENANCE_PREDICATE,
      imageKeyPem: fs.readFileSync(key, 'utf8'),
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
export function askedByWorld(world: string, packages: readonly InstalledPackage[]): AskedEntries {
  const entries = askedFor(world.split(/\s+/).filter((entry) => entry !== ''));
  const listed = new Set(entries.map((entry) => entry.replace(/@.*$/s, '')));
  const isLock = packages.every(({ name, version }) => listed.has(`${name}=${version}`));
  return entries.length === 0 || isLock ? undefined : entries;
}

function askedFor(entries: readonly string[]): readonly string[] {
  return sortUnique(entries.filter((entry) => !entry.startsWith('!')));
}
