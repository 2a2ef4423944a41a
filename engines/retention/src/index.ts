export type {
  Ages,
  HeldBlob,
  HeldManifest,
  Reason,
  RepositoryContents,
  TaggedDigest,
} from './kept-contents.ts';
export { keptContents } from './kept-contents.ts';
export { namedDigests } from './named-digests.ts';
export type { RetentionPolicy } from './policy.ts';
export { generationsKept, parseRetentionPolicy, retentionDefault } from './policy.ts';
export type {
  ForgottenContents,
  NamingRow,
  NamingSource,
  OtherNames,
  RetentionRecords,
} from './ports.ts';
export type { SweepReport, SweptCount, SweptKind } from './report.ts';
export type { SweepOptions, SweepPorts } from './sweep.ts';
export { sweep, sweepBusy } from './sweep.ts';
export type { WayInRepository, WhyKept } from './why.ts';
export { whyKept } from './why.ts';
