import type { InstalledPackage } from '@kiln/apk';
import { parseInstalled } from '@kiln/apk';
import { KilnError, collect } from '@kiln/base';
import type { Descriptor } from '@kiln/oci';
import type { TarEntry } from '@kiln/tar';
import { readTar } from '@kiln/tar';
import type { NamedImage } from './named-image.ts';
import { blamingDamage, layerArchives } from './pull.ts';

const installedFiles = ['usr/lib/apk/db/installed', 'lib/apk/db/installed'];
const worldFile = 'etc/apk/world';

/** What apk left in an image. */
export interface PackageDatabase {
  /** In the order of the installed database; none in an image that was not made of packages. */
  readonly packages: readonly InstalledPackage[];
  /** The text of `etc/apk/world`; "" where there is none. */
  readonly world: string;
}

export interface PackageDatabaseLimits {
  /** What the layers that are read may have, and what they may unpack to. */
  readonly layersBytesMax: number;
  /** Of each of the files that are kept. */
  readonly fileBytesMax: number;
}

/**
 * The packages of an image from its topmost layer that lists any, which names all of them; layers below it are not read, nor is a world
 * looked for there. Whiteouts are not looked at: nothing that Kiln makes has any. Throws `IMAGE_CONTENT`, and what reading archives does.
 */
export async function readPackageDatabase(
  source: NamedImage,
  layers: readonly Descriptor[],
  { layersBytesMax, fileBytesMax }: PackageDatabaseLimits,
): Promise<PackageDatabase> {
  const topFirst = layers.toReversed();
  return blamingDamage(source, topFirst, async () => {
    let world = '';
    for (const archive of layerArchives(source, topFirst, layersBytesMax)) {
      let installed: string | undefined;
      for await (const { entry, content } of readTar(archive)) {
        const kind = databaseFile(entry);
        if (kind === undefined) continue;
        const text = Buffer.from(await fileBytes(entry, content, fileBytesMax)).toString('utf8');
        if (kind === 'installed') installed = text;
        else if (world === '') world = text;
      }
      if (installed !== undefined) return { packages: parseInstalled(installed), world };
    }
    return { packages: [], world };
  });
}

/** Which of apk's files a member of a layer is. */
export function databaseFile({ path, type }: TarEntry): 'installed' | 'world' | undefined {
  if (type !== 'file') return undefined;
  if (path === worldFile) return 'world';
  return installedFiles.includes(path) ? 'installed' : undefined;
}

/** A file of a layer, whole. Throws `IMAGE_CONTENT` for one that is larger than it may be. */
export async function fileBytes(
  { path }: TarEntry,
  content: AsyncIterable<Uint8Array> | Uint8Array,
  bytesMax: number,
): Promise<Uint8Array> {
  const tooLarge = (): KilnError =>
    new KilnError('IMAGE_CONTENT', `${path} is larger than ${bytesMax} bytes`);
  if (!(content instanceof Uint8Array)) return collect(content, bytesMax, tooLarge);
  if (content.length > bytesMax) throw tooLarge();
  return content;
}
