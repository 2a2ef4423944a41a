export type { CachedGitSourcesOptions } from './git-sources.ts';
export { CachedGitSources } from './git-sources.ts';
export type { GitLimits } from './limits.ts';
export { defaultGitLimits } from './limits.ts';
