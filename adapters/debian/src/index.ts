export type { DebianBinaryArchiveOptions } from './binary-archive.ts';
export { DebianBinaryArchive } from './binary-archive.ts';
export type { DebianSourceMirrorOptions } from './source-mirror.ts';
export { DebianSourceMirror } from './source-mirror.ts';
