export interface GitLimits {
  /** Of one file that git writes: what a server sends at once. */
  readonly fileBytesMax: number;
  /** Of memory that one of git's processes asks for. */
  readonly memoryBytesMax: number;
  /** Of one command of git, a whole fetch among them. */
  readonly commandMs: number;
  /** Of waiting for another process that uses the same repository. */
  readonly lockMs: number;
  /** Repositories of one build, submodules included. */
  readonly repositoriesMax: number;
  /** Commits of submodules of one build. */
  readonly commitsMax: number;
  /** How deep submodules have submodules. */
  readonly submoduleDepthMax: number;
}

export const defaultGitLimits: GitLimits = {
  fileBytesMax: 8 * 2 ** 30,
  memoryBytesMax: 8 * 2 ** 30,
  commandMs: 30 * 60_000,
  lockMs: 60 * 60_000,
  repositoriesMax: 256,
  commitsMax: 1024,
  submoduleDepthMax: 16,
};
