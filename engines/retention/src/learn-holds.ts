import type { Digest } from '@kiln/base';
import { KilnError } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import { parseManifestDocument } from '@kiln/oci';
import type { RepositoryContents } from './kept-contents.ts';
import type { RetentionRecords } from './ports.ts';

const manifestBytesMax = 8 * 1024 * 1024;

/** Reads what manifests list of which nobody knows it, and writes it down. Those whose bytes are gone stay unknown. */
export async function learnHolds(
  records: RetentionRecords,
  blobs: BlobStore,
  repository: string,
  contents: RepositoryContents,
): Promise<RepositoryContents> {
  const learnt = new Map<Digest, readonly Digest[]>();
  for (const { digest, holds } of contents.manifests) {
    if (holds !== undefined) continue;
    const found = await listedBy(blobs, digest);
    if (found !== undefined) learnt.set(digest, found);
  }
  await records.learnHolds(repository, learnt);
  const manifests = contents.manifests.map((one) => ({
    ...one,
    holds: one.holds ?? learnt.get(one.digest),
  }));
  return { ...contents, manifests };
}

/** Undefined when it cannot be read. */
async function listedBy(blobs: BlobStore, digest: Digest): Promise<readonly Digest[] | undefined> {
  try {
    const document = parseManifestDocument(await blobs.bytes(digest, manifestBytesMax));
    const listed =
      document.kind === 'index'
        ? document.index.manifests
        : [document.manifest.config, ...document.manifest.layers];
    return [...new Set(listed.map((one) => one.digest))];
  } catch (error) {
    if (error instanceof KilnError) return undefined;
    throw error;
  }
}
