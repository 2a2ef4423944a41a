import fs from 'node:fs';
import path from 'node:path';
import { emptyRecord } from '@kiln/apk';
import type { IndexRecord, InstalledPackage } from '@kiln/apk';
import { parseInstalledDatabase } from '@kiln/assemble';
import type { BaseImage } from '@kiln/assemble';
import { KilnError, digestOf, hexOf, messageOf, shorten, counted } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { architectureOf } from '@kiln/image-config';
import {
  documentBytesMax,
  isIndexMediaType,
  mediaTypes,
  parseConfig,
  parseIndex,
  parseManifest,
} from '@kiln/oci';
import type { Descriptor } from '@kiln/oci';
import type { RepositoryIndex } from '@kiln/solve';
import { apkArch } from './architectures.ts';
import { findPath } from './load-config.ts';
import type { ImageRequest } from './request.ts';

const databaseBytesMax = 256 * 1024 * 1024;

/** A base image of one architecture, and the folder that it lies in. */
export interface LocatedBase {
  readonly image: BaseImage;
  /** An OCI layout. */
  readonly folder: string;
}

/** What `contents.baseimage` names for an architecture; undefined where it names nothing. Throws `IMAGE_BASE_IMAGE`. */
export function baseImageOf(
  { config, folders }: Pick<ImageRequest, 'config' | 'folders'>,
  arch: string,
): LocatedBase | undefined {
  const named = config.contents.baseImage;
  if (named === undefined) return undefined;
  const folder = located(named.image, folders);
  const database = path.join(located(named.apkIndex, folders), apkArch(arch), 'APKINDEX');
  const packages = parseInstalledDatabase(readText(database, databaseBytesMax));
  return { image: { packages, ...imageIn(folder, arch) }, folder };
}

/** The packages of a base image as an index that nobody signed. */
export function baseIndex({ image }: LocatedBase): RepositoryIndex {
  return { repository: 'base image', tag: '', records: image.packages.map(recordOf) };
}

/** The world entries of a base image. */
export function baseWorld(base: LocatedBase | undefined): readonly string[] {
  return (base?.image.packages ?? []).map(({ name, version }) => `${name}=${version}`);
}

function recordOf(one: InstalledPackage): IndexRecord {
  const { name, version, origin, checksum, buildTimeSeconds, depends, provides, fields } = one;
  const priority = Number(fields.get('k') ?? 0);
  return {
    ...emptyRecord,
    name,
    version,
    arch: fields.get('A') ?? '',
    description: fields.get('T') ?? '',
    origin,
    checksum,
    buildTimeSeconds,
    depends,
    provides,
    installIf: (fields.get('i') ?? '').split(' ').filter(Boolean),
    providerPriority: priority === 0 ? undefined : priority,
  };
}

function located(text: string, folders: readonly string[]): string {
  const found = findPath(text, folders);
  if (found === undefined) throw wrong(`there is no ${shorten(text, 200)}`);
  return found;
}

/** The first manifest whose configuration names the architecture, in the index or in the one that it lists. */
function imageIn(folder: string, arch: string): Pick<BaseImage, 'config' | 'manifest'> {
  const outer = parseIndex(readBytes(path.join(folder, 'index.json'), documentBytesMax));
  const nested = outer.manifests.find(({ mediaType }) => mediaType === mediaTypes.index);
  const index = nested === undefined ? outer : parseIndex(readBlob(folder, nested.digest));
  const wanted = architectureOf(arch)?.oci.architecture ?? arch;
  for (const { digest, mediaType } of index.manifests) {
    if (isIndexMediaType(mediaType)) continue;
    const manifest = parseManifest(readBlob(folder, digest));
    const config = parseConfig(readBlob(folder, manifest.config.digest));
    if (config.architecture !== wanted) continue;
    const [layers, diffIds] = [manifest.layers.length, config.diffIds.length];
    if (layers === diffIds) return { config, manifest };
    throw wrong(
      `manifest ${digest} has ${counted(layers, 'layer')}, and its configuration ${diffIds}`,
    );
  }
  throw wrong(`${shorten(folder, 200)} has no image for ${shorten(arch)}`);
}

/** Where a layer of a base image is. Throws `IMAGE_BASE_IMAGE` where there is none of the size that the manifest says. */
export function baseLayerFile(folder: string, { digest, sizeBytes }: Descriptor): string {
  const file = blobFile(folder, digest);
  try {
    const found = sizeOf(file);
    if (found !== sizeBytes) throw new Error(`of ${found} bytes, and not of ${sizeBytes}`);
    return file;
  } catch (error) {
    throw wrong(`layer ${shorten(file, 200)}: ${shorten(messageOf(error), 300)}`);
  }
}

function blobFile(folder: string, digest: Digest): string {
  return path.join(folder, 'blobs', 'sha256', hexOf(digest));
}

/** Of a regular file: what else there is may never end. */
function sizeOf(file: string): number {
  const found = fs.statSync(file);
  if (!found.isFile()) throw new Error('not a file');
  return found.size;
}

function readBlob(folder: string, digest: Digest): Buffer {
  const bytes = readBytes(blobFile(folder, digest), documentBytesMax);
  if (digestOf(bytes) === digest) return bytes;
  throw wrong(`blob ${digest} in ${shorten(folder, 200)} has other bytes`);
}

function readText(file: string, bytesMax: number): string {
  return readBytes(file, bytesMax).toString('utf8');
}

function readBytes(file: string, bytesMax: number): Buffer {
  try {
    if (sizeOf(file) > bytesMax) throw new Error(`larger than ${bytesMax} bytes`);
    return fs.readFileSync(file);
  } catch (error) {
    throw wrong(`cannot read ${shorten(file, 200)}: ${shorten(messageOf(error), 300)}`);
  }
}

function wrong(why: string): KilnError {
  return new KilnError('IMAGE_BASE_IMAGE', `base image: ${why}`, {
    hint: 'baseimage.image is an OCI layout, baseimage.apkindex a folder with ARCH/APKINDEX',
  });
}
