import type { Clock, Digest } from '@kiln/base';
import { hexOf } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { Reason } from './kept-contents.ts';
import { keptContents } from './kept-contents.ts';
import type { RetentionPolicy } from './policy.ts';
import type { NamingSource, RetentionRecords } from './ports.ts';

/** One way from something that is kept to a digest. */
export interface WayInRepository {
  readonly repository: string;
  /** From the digest up to what keeps it; empty when nothing does. */
  readonly reasons: readonly Reason[];
}

/** Why a digest is kept. */
export interface WhyKept {
  readonly digest: Digest;
  /** Of the blob; undefined when its bytes are not there. */
  readonly sizeBytes: number | undefined;
  readonly repositories: readonly WayInRepository[];
  /** Other records that name it. */
  readonly records: readonly { readonly source: NamingSource; readonly id: string }[];
  /** Whether the next sweep may remove it, once nobody used it for as long as the policy says; of what is not there it cannot. */
  readonly collectable: boolean;
}

/** Says what keeps a digest. */
export async function whyKept(
  ports: {
    readonly records: RetentionRecords;
    readonly blobs: BlobStore;
    readonly clock: Clock;
  },
  policy: RetentionPolicy,
  digest: Digest,
): Promise<WhyKept> {
  const now = ports.clock.now();
  const ages = { untaggedSince: now - policy.untaggedMs, blobsSince: now - policy.blobsMs };
  const { records, repositories } = await ports.records.naming(digest);
  const ways: WayInRepository[] = [];
  for (const repository of repositories) {
    const kept = keptContents(await ports.records.contents(repository), ages);
    ways.push({ repository, reasons: chain(kept, digest) });
  }
  const bundles = await bundlesNaming(ports, digest);
  const named = [...records, ...bundles];
  const sizeBytes = (await ports.blobs.stat(digest))?.sizeBytes;
  const isThere = sizeBytes !== undefined || ways.length > 0;
  const isKept = named.length > 0 || ways.some((way) => way.reasons.length > 0);
  return {
    digest,
    sizeBytes,
    repositories: ways,
    records: named,
    collectable: isThere && !isKept,
  };
}

function chain(kept: ReadonlyMap<Digest, Reason>, digest: Digest): readonly Reason[] {
  const reasons: Reason[] = [];
  for (let at: Digest | undefined = digest; at !== undefined;) {
    const reason = kept.get(at);
    if (reason === undefined) break;
    reasons.push(reason);
    at = reason.kind === 'held' ? reason.by : reason.kind === 'about' ? reason.subject : undefined;
  }
  return reasons;
}

/** The keys whose desired state names it: a source, a file beside a recipe. */
async function bundlesNaming(
  { records, blobs }: { readonly records: RetentionRecords; readonly blobs: BlobStore },
  digest: Digest,
): Promise<WhyKept['records']> {
  const keys: { source: NamingSource; id: string }[] = [];
  const hex = Buffer.from(hexOf(digest));
  for await (const { source, rows } of records.names()) {
    if (source !== 'desired') continue;
    for (const { id, text } of rows) {
      const there = (await blobs.stat(text as Digest)) !== undefined;
      if (there && Buffer.from(await blobs.bytes(text as Digest)).includes(hex))
        keys.push({ source, id });
    }
  }
  return keys;
}
