export type { EmbeddedPostgresOptions } from './embedded.ts';
export { EmbeddedPostgres, startEmbeddedPostgres, stopEmbeddedPostgres } from './embedded.ts';
export { socketDirectoryOf } from './socket-directory.ts';
