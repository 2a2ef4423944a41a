import fs from 'node:fs';
import { fileBytes } from '@kiln/apk-files';
import { KilnError, collect, shorten } from '@kiln/base';
import { provenanceSuffix } from '@kiln/factory';
import type { PackageDetail } from '@kiln/server/schemas';
import { fetchUrl } from '@kiln/sources';
import { connectClient } from './client.ts';
import type { Config } from './config.ts';

/** A package file somewhere, and the signed statement beside it. */
export interface PackageSource {
  /** An address or a path. */
  readonly apk: string;
  readonly name: string;
}

const provenanceBytesMax = 64 * 1024 * 1024;
const keyPattern = /^package:([^@]+)(?:@([a-z0-9_]+))?$/;

/** True for what names a package: `package:zlib`, the address of an apk, or a file. */
export function namesPackage(text: string): boolean {
  return keyPattern.test(text) || text.endsWith('.apk');
}

/** Where a package is; the running factory knows where those are that are named by their key. */
export async function findPackage(config: Config, text: string): Promise<PackageSource> {
  const [, name = ''] = keyPattern.exec(text) ?? [];
  if (name === '') return { apk: text, name: text.slice(text.lastIndexOf('/') + 1) };
  const client = connectClient(config);
  const one = await client.call<PackageDetail>('GET', `/api/packages/${encodeURIComponent(name)}`);
  const file = `${one.name}-${one.version}.apk`;
  const folder = `${client.base}/apk/${one.repository}/${one.arch}`;
  return { apk: `${folder}/${encodeURIComponent(file)}`, name: file };
}

/** The bytes of the package. Throws `SOURCE_UNAVAILABLE`, `APK_FILE_NOT_FOUND` and `APK_FILE_FAILED`. */
export async function openApk({ apk }: PackageSource): Promise<AsyncIterable<Uint8Array>> {
  if (!isAddress(apk)) return fileBytes(apk);
  const content = await fetchUrl(apk);
  if (content !== undefined) return content;
  throw new KilnError('SOURCE_UNAVAILABLE', `there is no package at ${shorten(apk, 200)}`);
}

/** The statement beside the package, undefined when there is none. Throws what `openApk` throws. */
export async function readProvenance({ apk }: PackageSource): Promise<Uint8Array | undefined> {
  const place = `${apk}${provenanceSuffix}`;
  const content = isAddress(apk)
    ? await fetchUrl(place)
    : fs.existsSync(place)
      ? fileBytes(place)
      : undefined;
  if (content === undefined) return undefined;
  return collect(
    content,
    provenanceBytesMax,
    () => new KilnError('INTOTO_BUNDLE_INVALID', 'the provenance is larger than 64 MiB'),
  );
}

function isAddress(text: string): boolean {
  return /^https?:\/\//.test(text);
}
