export { apiSurface, exportsIn } from './api-surface.ts';
export { commandsPage } from './commands-page.ts';
export type { ErrorsPage, ErrorsRow, ErrorsSection } from './errors-page.ts';
export { parseErrorsPage, printErrorsPage } from './errors-page.ts';
export { pipelineReference, pipelines } from './pipelines.ts';
export type { Import, Workspace } from './repository.ts';
export {
  generated,
  importsIn,
  importsOf,
  isTest,
  packageOf,
  readManifest,
  readText,
  repositoryFiles,
  root,
  updating,
  workspaces,
} from './repository.ts';
