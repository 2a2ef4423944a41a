import fs from 'node:fs';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { canonicalJson, digestOf, isDigest, type Digest } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import { parseNetworkRecord, type NetworkRecord, type ObservedAnswer } from '@kiln/build';

/*
 * A record as a file: its JSON, and under `contents` the documents among its answers by digest, as gzip in base64.
 *
 * What registries give is of two kinds. Packages have an address for each version: it may be asked again on any machine, and
 * has to give the same. Indexes and descriptions have one address whose content grows: after a day nobody can fetch what
 * a build saw. So these travel with the record, and a later build sees the registry as the first one did. Servers tell
 * them apart by their content type; answers to bodies and those that gave nothing count as documents as well.
 */

const fileBytesMax = 256 * 1024 ** 2;
/** A larger document is fetched again like a package. */
const documentBytesMax = 16 * 1024 ** 2;
const documentsBytesMax = 128 * 1024 ** 2;

const documentTypes = /^(?:text\/|application\/(?:[a-z0-9.+-]*\+)?(?:json|xml|html|x-ndjson)\b)/i;

function isDocument({ request, status, headers }: ObservedAnswer): boolean {
  return (
    request.method === 'POST' || status !== 200 || documentTypes.test(headers['content-type'] ?? '')
  );
}

/** The same record and contents give the same text. Documents that are not in the store are left out. */
export async function printNetworkRecord(record: NetworkRecord, blobs: BlobStore): Promise<string> {
  const contents = new Map<Digest, string>();
  let bytes = 0;
  for (const answer of record.answers) {
    const { digest, sizeBytes } = answer.content;
    if (contents.has(digest) || !isDocument(answer)) continue;
    if (sizeBytes > documentBytesMax || bytes + sizeBytes > documentsBytesMax) continue;
    if ((await blobs.stat(digest)) === undefined) continue;
    bytes += sizeBytes;
    const packed = await promisify(gzip)(await blobs.bytes(digest));
    contents.set(digest, packed.toString('base64'));
  }
  return `${canonicalJson({ ...record, contents: Object.fromEntries(contents) })}\n`;
}

/** Puts the documents into the store. Undefined: the file is not there, or is no record, or a document is not what it should be. */
export async function readNetworkRecord(
  file: string,
  blobs: BlobStore,
): Promise<NetworkRecord | undefined> {
  const value = readJson(file);
  const record = parseNetworkRecord(value);
  if (record === undefined) return undefined;
  const { contents = {} } = value as { readonly contents?: Readonly<Record<string, unknown>> };
  let bytes = 0;
  for (const [digest, packed] of Object.entries(contents)) {
    const content = isDigest(digest) ? await unpacked(packed) : undefined;
    bytes += content?.length ?? 0;
    if (content === undefined || digestOf(content) !== digest || bytes > documentsBytesMax)
      return undefined;
    await blobs.put(content);
  }
  return record;
}

function readJson(file: string): unknown {
  try {
    if (fs.statSync(file).size > fileBytesMax) return undefined;
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    // Not there, or not JSON.
    return undefined;
  }
}

async function unpacked(packed: unknown): Promise<Uint8Array | undefined> {
  if (typeof packed !== 'string') return undefined;
  const options = { maxOutputLength: documentBytesMax };
  return promisify(gunzip)(Buffer.from(packed, 'base64'), options).catch(() => undefined);
}
