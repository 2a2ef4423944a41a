export { bufferOf } from './buffer-of.ts';
export { ByteReader } from './byte-reader.ts';
export { counted } from './counted.ts';
export { collect, compareBytes, concatBytes, sortUnique } from './bytes.ts';
export type { Digest, OciDigest, Sha512Digest } from './digest.ts';
export {
  canonicalJson,
  digestFromHex,
  digestOf,
  digestOfValue,
  hexOf,
  isDigest,
  isSha512Digest,
  parseDigest,
  sha512Of,
} from './digest.ts';
export type { Details, KilnErrorOptions, Position } from './errors.ts';
export { KilnError, assert, escapedControl, messageOf, oneLine, shorten } from './errors.ts';
export { filled } from './filled.ts';
export { firstIndex } from './first-index.ts';
export { freeMemory } from './free-memory.ts';
export { garbageCollector } from './garbage.ts';
export { GatheredWriter, writeAll } from './gathered-writer.ts';
export { withIdleLimit } from './idle-limit.ts';
export { inOrder } from './in-order.ts';
export { inParts } from './in-parts.ts';
export { interruptible } from './interruptible.ts';
export { linesOf } from './lines.ts';
export { mapBounded } from './map-bounded.ts';
export { isOwnHost } from './own-host.ts';
export { isPassingStatus } from './passing-status.ts';
export type { Clock, LogFields, Logger, Random } from './ports.ts';
export { jsonLogger, seededRandom, silentLogger, systemClock, systemRandom } from './ports.ts';
export { quietly } from './quietly.ts';
export type { RecentlyUsedLimits } from './recently-used.ts';
export { RecentlyUsed } from './recently-used.ts';
export { withoutUserInfo } from './redact.ts';
export { sealBytes, sealText, unsealBytes, unsealText } from './sealed-text.ts';
export { quotedShellWord, shellWord } from './shell-word.ts';
export type { PoolThread, ThreadPoolOptions, ThreadRoom } from './thread-pool.ts';
export { ThreadPool } from './thread-pool.ts';
export { rfc3339 } from './time-text.ts';
export { trimmed } from './trimmed.ts';
export { WaitingWriter } from './waiting-writer.ts';
