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

/** An upstream file that a `fetch` step names, to be at hand before the first step runs. */
export interface SourceReference {
  readonly uri: string;
  readonly digest: { readonly algorithm: 'sha256' | 'sha512'; readonly hex: string };
  /** Name and version for the package URL in the SBOM. */
  readonly purlName: string;
  readonly purlVersion: string;
  /** Index of the top-level step, and whether the step stands at the top level (only those enter the SBOM). */
  readonly stepIndex: number;
  readonly topLevel: boolean;
  /** The subpackage in whose pipeline it stands; undefined in the main pipeline. */
  readonly subpackage: string | undefined;
  readonly position: Position;
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
  readonly hardeningExceptions: readonly HardeningException[];
}
