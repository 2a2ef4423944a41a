import { KilnError, compareBytes, digestOfValue, sortUnique, type Digest } from '@kiln/base';
import { lockImageConfig, type ImageConfig } from '@kiln/image-config';
import {
  appliesTo,
  compiledDocument,
  fullVersionOf,
  goNameOf,
  type CompiledRecipe,
  type SourceReference,
} from '@kiln/recipe';
import { isVersion } from '@kiln/version';

/** A package of the build environment, pinned. */
export interface LockedPackage {
  readonly name: string;
  /** Full version. */
  readonly version: string;
  /** `Q1…`: which bytes of that version. */
  readonly checksum: string;
}

/** A file of the recipe's side directory; its content is in the blob store. */
export interface SideFile {
  /** Relative to the side directory, which becomes the root of the workspace. */
  readonly path: string;
  readonly mode: number;
  readonly digest: Digest;
}

export interface PlanInputs {
  readonly compiled: CompiledRecipe;
  readonly sideFiles: readonly SideFile[];
  readonly environment: readonly LockedPackage[];
  /** Variables of every step, under those of the recipe: the catalog's compiler options and such. */
  readonly variables: Readonly<Record<string, string>>;
  /** Seconds since 1970: every time in the packages. */
  readonly sourceDateEpoch: number;
  /** How far from UTC SBOMs say it. */
  readonly dateOffsetMinutes?: number;
  /** The distribution: maintainer of the packages, namespace of their URLs. */
  readonly namespace: string;
  /** Whom packages name instead; "" nobody. Default: the distribution. */
  readonly maintainer?: string;
  /** Name and version of what builds; a change of either rebuilds. */
  readonly builder: { readonly name: string; readonly version: string };
  /** The locked guest as `.melange.yaml` states it; by default what the recipe says with `environment` in it. */
  readonly guest?: ImageConfig;
  /** Names of users and groups by number, for files that do not belong to root. */
  readonly owners?: Owners;
  /** What the SBOM says of the recipe; by default its name alone. */
  readonly recipeSource?: {
    readonly file: string;
    readonly commit: string;
    readonly purl: string;
    readonly license: string;
  };
  /** The steps reach the network, through who observes it; by default they have none. */
  readonly network?: 'observed' | undefined;
  /** Subpackages are their own origin: for bootstrapping. */
  readonly stripOrigin?: boolean;
}

export interface Owners {
  readonly users: ReadonlyMap<number, string>;
  readonly groups: ReadonlyMap<number, string>;
}

/** Everything that decides a build's bytes. Equal inputs, whatever the order of sets, have one action digest. */
export interface BuildPlan extends PlanInputs {
  readonly action: Digest;
  /** `<version>-r<epoch>` of every package of the build. */
  readonly fullVersion: string;
}

/**
 * Orders the inputs, checks what a recipe alone cannot know and names the action.
 * Throws `BUILD_VERSION_INVALID` when the recipe's version is no apk version, `BUILD_ARCHITECTURE_EXCLUDED` when the
 * recipe is not for the architecture it was compiled for.
 */
export function planBuild(inputs: PlanInputs): BuildPlan {
  const { package: origin, arch } = inputs.compiled;
  const fullVersion = fullVersionOf(origin);
  // melange takes a version that has a revision already.
  const strict = inputs.compiled.recipe.dialect === 'kiln';
  if (!isVersion(origin.version) || (strict && /-r\d+$/.test(origin.version))) {
    throw new KilnError(
      'BUILD_VERSION_INVALID',
      `"${origin.version}" is not a version of apk packages`,
      {
        position: origin.position,
        hint: 'digits separated by dots, then optionally a letter, and suffixes such as _rc1 or _p2; the revision is the epoch',
      },
    );
  }
  if (!appliesTo(origin.targetArchitectures, arch)) {
    throw new KilnError(
      'BUILD_ARCHITECTURE_EXCLUDED',
      `the recipe "${origin.name}" is not for ${arch}`,
      {
        position: origin.position,
      },
    );
  }
  const ordered: PlanInputs = {
    ...inputs,
    sideFiles: [...inputs.sideFiles].sort((a, b) => compareBytes(a.path, b.path)),
    environment: [...inputs.environment].sort((a, b) => compareBytes(a.name, b.name)),
  };
  return { ...ordered, fullVersion, action: actionDigest(ordered) };
}

/**
 * The name of a build: a digest over the compiled recipe (sources and their digests are part of it), side files, locked
 * environment, variables, date, namespace and builder. Where files are, when it runs and on how many CPUs is no part.
 */
export function actionDigest(inputs: PlanInputs): Digest {
  return digestOfValue(actionInputs(inputs));
}

/** What the action digest is the digest of: plain data, to be kept and compared. */
export function actionInputs(inputs: PlanInputs): Readonly<Record<string, unknown>> {
  return {
    action: 'build/1',
    builder: inputs.builder,
    arch: inputs.compiled.arch,
    recipe: recipeDocument(inputs),
    sources: inputs.compiled.sources.map(sourceIdentity),
    sideFiles: inputs.sideFiles,
    environment: inputs.environment,
    variables: inputs.variables,
    sourceDateEpoch: inputs.sourceDateEpoch,
    dateOffsetMinutes: inputs.dateOffsetMinutes,
    namespace: inputs.namespace,
    maintainer: inputs.maintainer,
    recipeSource: inputs.recipeSource,
    stripOrigin: inputs.stripOrigin,
    network: inputs.network,
  };
}

/** Which bytes a source is; the recipe says the rest. */
function sourceIdentity(source: SourceReference): unknown {
  return source.kind === 'archive'
    ? { uri: source.uri, digest: source.digest }
    : { repository: source.repository, commit: source.commit };
}

/**
 * The value of `.melange.yaml`: the compiled recipe with the environment locked and all variables stated. Without its tests,
 * which are no part of how a package is made: who edits one tests the package again, and does not build it. Only melange
 * itself states them.
 */
export function recipeDocument(inputs: PlanInputs): Readonly<Record<string, unknown>> {
  const { guest } = inputs;
  const compiled =
    inputs.compiled.recipe.dialect === 'melange' ? inputs.compiled : withoutTests(inputs.compiled);
  if (guest !== undefined) return compiledDocument(compiled, guest);
  const variables = { ...inputs.variables, ...compiled.environment.environment };
  const packages = inputs.environment.map(({ name, version }) => `${name}=${version}`);
  return compiledDocument(
    compiled,
    lockImageConfig(
      { ...compiled.environment, environment: variables },
      goNameOf(compiled.arch),
      sortUnique(packages),
    ),
  );
}

function withoutTests(compiled: CompiledRecipe): CompiledRecipe {
  const subpackages = compiled.subpackages.map((one) => ({ ...one, test: undefined }));
  return { ...compiled, test: undefined, subpackages };
}
