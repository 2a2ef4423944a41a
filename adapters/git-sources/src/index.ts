export type { CheckOutRequest } from './check-out.ts';
export type { CachedGitSourcesOptions } from './git-sources.ts';
export { CachedGitSources } from './git-sources.ts';
export type { GitLimits } from './limits.ts';
export { defaultGitLimits } from './limits.ts';
