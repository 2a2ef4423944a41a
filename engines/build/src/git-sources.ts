import type { Position } from '@kiln/base';
import type { GitCheckout } from '@kiln/recipe';

/** A bare repository that stands in for an address. */
export interface GitMirror {
  /** As the recipe, or a repository's list of submodules, names it. */
  readonly url: string;
  /** Its directory below the mirrors'. */
  readonly name: string;
}

/** Repositories of one build, on the host. */
export interface GitMirrors {
  /** Holds them and nothing else; nothing in it is written to while it exists. */
  readonly hostPath: string;
  /** In byte order of their addresses. */
  readonly repositories: readonly GitMirror[];
  /** Removes the directory. */
  remove(): Promise<void>;
}

/**
 * Makes repositories at hand for the checkouts of a build: for each address, those of submodules included, a bare
 * repository with the branches and tags that the checkouts name and no other, from which a clone by the `git-checkout`
 * pipeline gives what the checkout asks for. What is in them follows from the checkouts and the history of the commits
 * alone: neither from what was fetched before, nor from what upstream added since. A branch ends at the expected commit
 * where its history is asked for.
 *
 * Throws `SOURCE_COMMIT_MISMATCH` when a tag, tip or branch does not have the commit, `SOURCE_REF_MISSING`,
 * `SOURCE_ADDRESS_REFUSED`, `SOURCE_TOO_LARGE`, `SOURCE_GIT_MISSING`, `SOURCE_UNAVAILABLE` (retry later), the signal's reason.
 * No error and no log names credentials that an address holds.
 */
export interface GitSources {
  fetch(request: GitFetchRequest): Promise<GitMirrors>;
}

/** A checkout, and the step that asks for it: what goes wrong with it is told with that place. */
export interface RequestedCheckout extends GitCheckout {
  readonly position?: Position;
}

export interface GitFetchRequest {
  readonly checkouts: readonly RequestedCheckout[];
  /** Told what was fetched from where. */
  onLog(text: string): void;
  readonly signal?: AbortSignal;
}
