import type { Position } from '@kiln/base';
import type { ImageConfig } from '@kiln/image-config';
import type { Architecture } from './architecture.ts';
import type { HardeningException, OriginFacts, PackageFacts, Recipe } from './recipe.ts';

/** A step in which nothing is left to decide. */
export interface CompiledStep {
  readonly name: string;
  readonly uses: string;
  /** The resolved inputs of the pipeline that `uses` names. */
  readonly with: Readonly<Record<string, string>>;
  readonly runs: string;
  readonly pipeline: readonly CompiledStep[];
  /** The condition with its variables replaced; "" when there is none. */
  readonly if: string;
  /** False: the step and those nested in it are not run. */
  readonly applies: boolean;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The packages this step wants in the environment. */
  readonly needs: readonly string[];
  /** Whether `needs` is written: the compiled form shows it where it was not collected. */
  readonly needsWritten: boolean;
  readonly needsListed: boolean;
  readonly requiredSteps: number | undefined;
  readonly label: string;
  readonly position: Position;
}

export interface CompiledTest {
  /** Sorted; the package under test is one of them. */
  readonly environment: ImageConfig;
  readonly pipeline: readonly CompiledStep[];
  readonly pipelineWritten: boolean;
}

export interface CompiledSubpackage extends PackageFacts {
  /** As printed in the compiled form. */
  readonly if: string;
  /** False: it is not built and yields no package. */
  readonly applies: boolean;
  readonly pipeline: readonly CompiledStep[];
  readonly test: CompiledTest | undefined;
}

/** What a step of a build needs from elsewhere, to be at hand before the first step runs. */
export type SourceReference = ArchiveSource | GitSource;

/** Where the step stands that names a source. */
export interface SourcePlace {
  /** Index of the top-level step, and whether the step stands at the top level. */
  readonly stepIndex: number;
  readonly topLevel: boolean;
  /** The subpackage in whose pipeline it stands; undefined in the main pipeline. */
  readonly subpackage: string | undefined;
  readonly position: Position;
}

/** An upstream file that a `fetch` step names. */
export interface ArchiveSource extends SourcePlace {
  readonly kind: 'archive';
  readonly uri: string;
  readonly digest: { readonly algorithm: 'sha256' | 'sha512'; readonly hex: string };
  /** Name and version for the package URL in the SBOM. */
  readonly purlName: string;
  readonly purlVersion: string;
}

/** A commit that a `git-checkout` step names. */
export interface GitSource extends SourcePlace, GitCheckout {
  readonly kind: 'git';
}

/** What a `git-checkout` step asks of a repository (packages.md 6.5). */
export interface GitCheckout {
  /** A URL; a path of the host is written as a `file:` URL. */
  readonly repository: string;
  /** At most one of the two; without either the repository's own choice is meant. */
  readonly branch: string | undefined;
  readonly tag: string | undefined;
  /** Of the commit, or of the object of an annotated tag: 40 lower-case hexadecimal digits. */
  readonly commit: string;
  /** The commit must be the last one of the branch. */
  readonly mustBeTip: boolean;
  /** Commits of history; undefined: all of it. */
  readonly depth: number | undefined;
  /** Submodules and theirs are checked out, too. */
  readonly submodules: boolean;
  readonly cherryPicks: readonly CherryPick[];
}

export interface CherryPick {
  /** Where the commit can be found; undefined: it comes with the checkout. */
  readonly branch: string | undefined;
  /** As written. */
  readonly commit: string;
}

/** A recipe for one architecture: flat, self-contained, a function of recipe, pipelines and architecture alone. */
export interface CompiledRecipe {
  readonly arch: Architecture;
  readonly recipe: Recipe;
  readonly package: OriginFacts;
  /** The build guest; the needs of steps that apply are among its packages. */
  readonly environment: ImageConfig;
  readonly pipeline: readonly CompiledStep[];
  readonly subpackages: readonly CompiledSubpackage[];
  readonly test: CompiledTest | undefined;
  /** Of steps and subpackages that apply, in order. */
  readonly sources: readonly SourceReference[];
  /**
   * Whether it asks for a variable that the architecture gives. Where it does not, it compiles to the same for each
   * architecture it is for.
   */
  readonly readsArchitecture: boolean;
  readonly hardeningExceptions: readonly HardeningException[];
}
