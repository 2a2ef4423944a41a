import type { Position } from '@kiln/base';

/** Relations of a package, in the order of the recipe. */
export interface Dependencies {
  readonly runtime: readonly string[];
  readonly provides: readonly string[];
  readonly replaces: readonly string[];
  readonly providerPriority: number | undefined;
  readonly replacesPriority: number | undefined;
}

/** Switches for generated relations; declared ones always stay. */
export interface PackageOptions {
  readonly noProvides: boolean;
  readonly noDepends: boolean;
  readonly noCommands: boolean;
  readonly noVersionedShlibDeps: boolean;
}

export type ScriptletName =
  | 'pre-install'
  | 'post-install'
  | 'pre-upgrade'
  | 'post-upgrade'
  | 'pre-deinstall'
  | 'post-deinstall';

export interface Scriptlets {
  /** Whole script texts with their `#!` line. */
  readonly scripts: Readonly<Partial<Record<ScriptletName, string>>>;
  readonly trigger: { readonly script: string; readonly paths: readonly string[] } | undefined;
}

export interface Copyright {
  readonly license: string;
  readonly paths: readonly string[];
  readonly attestation: string;
  readonly licensePath: string;
  readonly detectionOverride: string;
}

/** What a main package and a subpackage both say of themselves. */
export interface PackageFacts {
  readonly name: string;
  readonly description: string;
  readonly url: string;
  readonly commit: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly dependencies: Dependencies;
  readonly options: PackageOptions;
  readonly scriptlets: Scriptlets;
  /** Names of linters whose findings are warnings for this package. */
  readonly checksDisabled: readonly string[];
  readonly position: Position;
}

export interface OriginFacts extends PackageFacts {
  readonly version: string;
  readonly epoch: number;
  readonly copyright: readonly Copyright[];
  /** Architectures (apk names) the recipe is for; empty: all. */
  readonly targetArchitectures: readonly string[];
  readonly cpe: Readonly<Record<string, string>>;
  /** Limit on the whole build of one architecture. */
  readonly timeoutMs: number | undefined;
  readonly resources: Readonly<Record<string, string>>;
  readonly testResources: Readonly<Record<string, string>>;
}

export interface Input {
  readonly description: string;
  readonly default: string;
  readonly required: boolean;
}

/** A step as written, after parse-time substitution. */
export interface Step {
  readonly name: string;
  readonly uses: string;
  readonly with: Readonly<Record<string, string>>;
  readonly runs: string;
  readonly pipeline: readonly Step[];
  /** The condition; "" always applies. */
  readonly if: string;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly needs: readonly string[];
  readonly inputs: Readonly<Record<string, Input>>;
  readonly requiredSteps: number | undefined;
  readonly label: string;
  readonly position: Position;
}

export interface Environment {
  readonly packages: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

export interface TestBlock {
  readonly environment: Environment;
  readonly pipeline: readonly Step[];
}

export interface Subpackage extends PackageFacts {
  readonly if: string;
  readonly pipeline: readonly Step[];
  readonly test: TestBlock | undefined;
}

export type HardeningCheck =
  | 'pie'
  | 'relro'
  | 'bind-now'
  | 'stack-protector'
  | 'fortify'
  | 'executable-stack';

/** An excuse for the files that match a glob (`*` within a component, `**` across). */
export interface HardeningException {
  readonly path: string;
  readonly check: HardeningCheck;
  readonly reason: string;
  readonly position: Position;
}

/** A recipe with parse-time variables replaced and ranges expanded; nothing depends on an architecture yet. */
export interface Recipe {
  readonly file: string;
  readonly package: OriginFacts;
  readonly environment: Environment;
  readonly pipeline: readonly Step[];
  readonly subpackages: readonly Subpackage[];
  readonly vars: Readonly<Record<string, string>>;
  /** The `update` block as data, for what watches upstream releases. */
  readonly update: unknown;
  readonly test: TestBlock | undefined;
  /** From the top-level key `kiln`, Kiln's own addition to the language. */
  readonly hardeningExceptions: readonly HardeningException[];
}

/** `<version>-r<epoch>`. */
export function fullVersionOf(facts: Pick<OriginFacts, 'version' | 'epoch'>): string {
  return `${facts.version}-r${facts.epoch}`;
}
