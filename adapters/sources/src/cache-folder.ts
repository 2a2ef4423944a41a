import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { KilnError, shorten, withoutUserInfo } from '@kiln/base';
import type { Random } from '@kiln/base';
import type { SourceRequest } from '@kiln/build';
import { DigestCheck, mismatch } from './digest-check.ts';
import type { FetchUrl } from './fetch-url.ts';

export interface FolderSource {
  readonly uri: string;
  /** All of them have to be its digests; it is kept under each. */
  readonly digests: readonly SourceRequest['digest'][];
}

export interface SourceFolderOptions {
  readonly fetchUrl: FetchUrl;
  readonly random: Random;
  readonly signal?: AbortSignal;
  /** Bytes of one source; default 1 GiB. */
  readonly bytesMax?: number;
}

/**
 * A folder of sources under their digests, `sha256:<hex>` and `sha512:<hex>`, as `fetch` steps look for them in
 * `/var/cache/melange`. What is there and has its digest is not fetched again; what comes is checked before it gets its
 * name. Throws `SOURCE_DIGEST_MISMATCH`, also for a text that is no digest, and `SOURCE_UNAVAILABLE`.
 */
export async function keepInFolder(
  folder: string,
  source: FolderSource,
  options: SourceFolderOptions,
): Promise<'present' | 'fetched'> {
  for (const digest of source.digests) refuseStrange(source.uri, digest);
  const present = await Promise.all(source.digests.map((digest) => isPresent(folder, digest)));
  if (present.every(Boolean)) return 'present';
  const content = await options.fetchUrl(source.uri, options.signal);
  if (content === undefined)
    throw new KilnError(
      'SOURCE_UNAVAILABLE',
      `${shorten(withoutUserInfo(source.uri), 200)} is not there`,
    );
  await mkdir(folder, { recursive: true });
  const temporary = path.join(folder, `.${options.random.id()}.tmp`);
  try {
    await writeChecked(temporary, content, source, options.bytesMax ?? 2 ** 30);
    await giveNames(temporary, folder, source.digests);
  } finally {
    await rm(temporary, { force: true });
  }
  return 'fetched';
}

const hexLength = { sha256: 64, sha512: 128 } as const;

/** The hexadecimal part becomes a file name. */
function refuseStrange(uri: string, { algorithm, hex }: SourceRequest['digest']): void {
  if (new RegExp(`^[0-9a-f]{${hexLength[algorithm]}}$`).test(hex)) return;
  const message = `"${shorten(hex)}", which ${shorten(withoutUserInfo(uri), 200)} shall have, is no ${algorithm}`;
  throw new KilnError(mismatch, message);
}

function fileOf(folder: string, { algorithm, hex }: SourceRequest['digest']): string {
  return path.join(folder, `${algorithm}:${hex}`);
}

async function isPresent(folder: string, digest: SourceRequest['digest']): Promise<boolean> {
  const hash = createHash(digest.algorithm);
  try {
    await pipeline(createReadStream(fileOf(folder, digest)), hash);
  } catch {
    // Whatever is there, it cannot be used: it is fetched again.
    return false;
  }
  return hash.digest('hex') === digest.hex;
}

async function writeChecked(
  file: string,
  content: AsyncIterable<Uint8Array>,
  { uri, digests }: FolderSource,
  bytesMax: number,
): Promise<void> {
  let checked = content;
  for (const digest of digests)
    checked = new DigestCheck({ uri, digest }, bytesMax).through(checked);
  await using handle = await open(file, 'wx', 0o644);
  for await (const chunk of checked) await handle.writeFile(chunk);
  await handle.sync();
}

async function giveNames(
  file: string,
  folder: string,
  digests: readonly SourceRequest['digest'][],
): Promise<void> {
  const copy = `${file}.copy`;
  try {
    for (const digest of digests) {
      await copyFile(file, copy, constants.COPYFILE_FICLONE);
      await rename(copy, fileOf(folder, digest));
    }
  } finally {
    await rm(copy, { force: true });
  }
}
