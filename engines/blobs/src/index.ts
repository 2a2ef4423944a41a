export type { BlobStat, BlobStore, ByteRange } from './store.ts';
export {
  blobBytesLimitDefault,
  blobDigestMismatch,
  blobTooLarge,
  blobUnknown,
  clampRange,
} from './errors.ts';
export { MemoryBlobs } from './memory.ts';
export type { ConditionalHeaders, RangeAnswer } from './http-conditions.ts';
export { answerRange, matchesEtag } from './http-conditions.ts';
