export type { Import, Workspace } from './repository.ts';
export { importsOf, readText, repositoryFiles, root, workspaces } from './repository.ts';
