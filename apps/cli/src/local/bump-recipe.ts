import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { replaceFile } from '@kiln/apk-files';
import { KilnError, shorten, type Random } from '@kiln/base';
import type { BumpChange, BumpFetch, BumpPlan, BumpRequest } from '@kiln/recipe';
import { applyBump, digestChanges, planBump } from '@kiln/recipe';
import type { FetchUrl } from '@kiln/sources';
import { readText } from './recipe-file.ts';

export interface BumpWorld {
  readonly fetchUrl: FetchUrl;
  readonly random: Random;
  readonly signal: AbortSignal | undefined;
  /** Called before a file is fetched. */
  onFetch?(uri: string): void;
}

export interface FetchedFile {
  readonly uri: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly sha512: string;
}

export interface Bumped {
  readonly plan: BumpPlan;
  /** All of them, in the order of the text. */
  readonly changes: readonly BumpChange[];
  readonly fetched: readonly FetchedFile[];
}

const sourceBytesMax = 8 * 2 ** 30;

/**
 * Sets a recipe file to another version: what it fetches is fetched and hashed, and the file is replaced whole once all is
 * known; where anything fails it stays as it is. With `dryRun` it always does.
 * Throws as `planBump`, `BUMP_SOURCE_NOT_FOUND`, `BUMP_SOURCE_TOO_LARGE`, `LOCAL_FILE_UNREADABLE` and as `fetchUrl`.
 */
export async function bumpRecipe(
  request: BumpRequest & { readonly dryRun?: boolean },
  world: BumpWorld,
): Promise<Bumped> {
  const text = readText(request.file);
  requireUtf8(request.file, text);
  const plan = planBump(text, request);
  const fetched = new Map<string, FetchedFile>();
  const changes = [...plan.changes];
  for (const fetch of plan.fetches) {
    const file = fetched.get(fetch.uri) ?? (await hashOf(fetch, world));
    fetched.set(fetch.uri, file);
    changes.push(...digestChanges(fetch, file).filter(({ from, to }) => from !== to));
  }
  const next = applyBump(text, changes);
  if (next !== text && request.dryRun !== true)
    await replaceFile(request.file, [Buffer.from(next)], world.random);
  const ordered = changes.toSorted((a, b) => a.edit.start - b.edit.start);
  return { plan, changes: ordered, fetched: [...fetched.values()] };
}

/** What is not UTF-8 would come back as something else. */
function requireUtf8(file: string, text: string): void {
  if (Buffer.from(text).equals(fs.readFileSync(file))) return;
  throw new KilnError('LOCAL_FILE_UNREADABLE', `"${shorten(file, 200)}" is not UTF-8`, {
    hint: 'a recipe is UTF-8 text',
  });
}

async function hashOf({ uri }: BumpFetch, world: BumpWorld): Promise<FetchedFile> {
  world.onFetch?.(uri);
  const content = await world.fetchUrl(uri, world.signal);
  if (content === undefined)
    throw new KilnError('BUMP_SOURCE_NOT_FOUND', `nothing is at ${shorten(uri, 200)}`, {
      hint: 'check the version, or the address in the recipe',
    });
  const sha256 = createHash('sha256');
  const sha512 = createHash('sha512');
  let sizeBytes = 0;
  for await (const chunk of content) {
    sizeBytes += chunk.length;
    if (sizeBytes > sourceBytesMax)
      throw new KilnError('BUMP_SOURCE_TOO_LARGE', `${shorten(uri, 200)} is larger than 8 GiB`);
    sha256.update(chunk);
    sha512.update(chunk);
  }
  return { uri, sizeBytes, sha256: sha256.digest('hex'), sha512: sha512.digest('hex') };
}
