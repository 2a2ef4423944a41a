export type {
  BlobStat,
  BlobStore,
  ByteRange,
  CollectRequest,
  CollectableBlobs,
  ReadBlobOptions,
} from './store.ts';
export { touchEveryMs } from './store.ts';
export {
  blobBytesLimitDefault,
  blobDigestMismatch,
  blobTooLarge,
  blobUnknown,
  clampRange,
  segmentInvalid,
} from './errors.ts';
export { checkPackLimits, fitsPack } from './check-pack.ts';
export type { BlobPart, BlobSegment, ComposedBlob } from './composed.ts';
export { composeBlob, partBytes, wholeSegment } from './composed.ts';
export { MemoryBlobs } from './memory.ts';
export { MemoryPackIndex } from './memory-pack-index.ts';
export type { PackIndex, PackPlace, PackedBlob } from './pack-index.ts';
export type { BlobPacks, PackLimits } from './packs.ts';
export { packLimits } from './packs.ts';
export type { ConditionalHeaders, RangeAnswer } from './http-conditions.ts';
export { answerRange, matchesEtag } from './http-conditions.ts';
export { DigestSet } from './digest-set.ts';
