export type { DebianArchive, DownloadProgress, OpenDeb } from './archive.ts';
