import type { Position } from '@kiln/base';
import type { ImageConfig } from '@kiln/image-config';
import type { RawUpdate } from './schema.ts';

/**
 * `kiln` is the language as it is meant; `melange` keeps the quirks of the reference program that the compatibility page
 * lists, and refuses Kiln's own key.
 */
export type RecipeDialect = 'kiln' | 'melange';

/** Relations of a package, in the order of the recipe. */
export interface Dependencies {
  readonly runtime: readonly string[];
  readonly provides: readonly string[];
  readonly replaces: readonly string[];
  /** Whole numbers as they are written. */
  readonly providerPriority: string | undefined;
  readonly replacesPriority: string | undefined;
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

/** File capabilities to set after the build. */
export interface FileCapability {
  readonly path: string;
  /** Capability names, joined with commas, and flags such as `+ep`. */
  readonly add: Readonly<Record<string, string>>;
  readonly reason: string;
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
  readonly capabilities: readonly FileCapability[];
  /** Which optional blocks are written, even if with nothing in them: the compiled form shows it. */
  readonly written: { readonly options: boolean; readonly scriptlets: boolean };
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
  /** Undefined where the block is not written. */
  readonly testResources: Readonly<Record<string, string>> | undefined;
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
  /** Undefined where the key is not written: a definition without it leaves the step's own. */
  readonly needs: readonly string[] | undefined;
  /** Whether there is a list under the key, be it an empty one: the compiled form shows it. */
  readonly needsListed: boolean;
  readonly inputs: Readonly<Record<string, Input>>;
  readonly requiredSteps: number | undefined;
  readonly label: string;
  readonly position: Position;
}

export interface TestBlock {
  readonly environment: ImageConfig;
  readonly pipeline: readonly Step[];
  /** Whether the key `pipeline` is written: the compiled form shows it. */
  readonly pipelineWritten: boolean;
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

/** A change against the published version that the recipe says is meant. */
export interface Acknowledgement {
  readonly finding: string;
  readonly reason: string;
  readonly position: Position;
}

export interface VarTransform {
  readonly from: string;
  /** A regular expression of Go (RE2). */
  readonly match: string;
  /** A replacement template of Go. */
  readonly replace: string;
  readonly to: string;
}

/** A variant of the build. Lists that are not written are undefined, which the compiled form tells from empty ones. */
export interface BuildOption {
  readonly vars: Readonly<Record<string, string>> | undefined;
  readonly add: readonly string[] | undefined;
  readonly remove: readonly string[] | undefined;
}

export type Update = RawUpdate;

/** A recipe with parse-time variables replaced and ranges expanded; nothing depends on an architecture yet. */
export interface Recipe {
  readonly file: string;
  readonly dialect: RecipeDialect;
  readonly package: OriginFacts;
  readonly environment: ImageConfig;
  /** Linux capabilities of the steps, by their names. */
  readonly capabilities: { readonly add: readonly string[]; readonly drop: readonly string[] };
  readonly pipeline: readonly Step[];
  readonly subpackages: readonly Subpackage[];
  /** As written, with those of the vars file and of the chosen options over them. */
  readonly vars: Readonly<Record<string, string>>;
  readonly varTransforms: readonly VarTransform[];
  /** `vars.NAME`, vars and transforms resolved: for the compile-time pass. In dialect `melange`, reading them refuses a var of unknown ones. */
  readonly variables: ReadonlyMap<string, string>;
  readonly options: Readonly<Record<string, BuildOption>>;
  readonly optionsEnabled: readonly string[];
  readonly update: Update;
  readonly test: TestBlock | undefined;
  /** From the top-level key `kiln`, Kiln's own addition to the language. */
  readonly hardeningExceptions: readonly HardeningException[];
  readonly acknowledgements: readonly Acknowledgement[];
  /** Why the steps need the network; undefined: they do not. */
  readonly network: string | undefined;
}

/** The number that a priority is. */
export function priorityOf(written: string | undefined): number | undefined {
  return written === undefined ? undefined : Number(written);
}

/** `<version>-r<epoch>`. */
export function fullVersionOf(facts: Pick<OriginFacts, 'version' | 'epoch'>): string {
  return `${facts.version}-r${facts.epoch}`;
}
