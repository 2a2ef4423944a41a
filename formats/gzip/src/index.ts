export { gzipBytes, gzipMember } from './compress.ts';
export type { GzipLimits } from './limits.ts';
export { defaultGzipLimits } from './limits.ts';
export type { GzipOptions } from './member.ts';
export type { SplitMember } from './split.ts';
export { firstMember, gunzipBytes, splitMembers } from './split.ts';
export type { ReadMembersOptions, StreamMember } from './stream.ts';
export { gunzip, readMembers } from './stream.ts';
