export type { FolderSource, SourceFolderOptions } from './cache-folder.ts';
export { keepInFolder } from './cache-folder.ts';
export type { DigestIndex } from './digest-index.ts';
export { FsDigestIndex } from './digest-index.ts';
export type { FetchUrl } from './fetch-url.ts';
export { fetchUrl } from './fetch-url.ts';
export type { SourcesOptions } from './sources.ts';
export { Sources } from './sources.ts';
