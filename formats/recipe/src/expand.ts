import { KilnError, compareBytes, shorten } from '@kiln/base';
import type { ImageConfig } from '@kiln/image-config';
import type { YamlPath } from '@kiln/yaml';
import type { DecodedRecipe } from './decode.ts';
import { FactsReader } from './facts.ts';
import { Growth } from './growth.ts';
import type {
  BuildOption,
  HardeningCheck,
  Recipe,
  RecipeDialect,
  Step,
  Subpackage,
  TestBlock,
} from './recipe.ts';
import type { RawOrigin, RawStep, RawSubpackage, RawTest } from './schema.ts';
import {
  inheritDown,
  mapValues,
  refuseVariablesWithoutPlace,
  stepsOf,
  type Substitution,
} from './step.ts';
import { substituteExact, substituteKnown, type Variables } from './substitute.ts';
import { withBuildAccount, withOptionPackages } from './environment.ts';
import { resolveVars, type VarsRequest } from './vars.ts';

/** What a command line adds to a recipe; all of it is optional. */
export interface ExpandOptions {
  readonly dialect?: RecipeDialect;
  /** The commit of the repository that holds the recipe, where the recipe names none. */
  readonly commit?: string;
  /** A flat file of vars: over those of the recipe. */
  readonly varsFile?: Readonly<Record<string, string>>;
  /** Files of variables: the first to define one wins, and the recipe wins over all. */
  readonly environmentFiles?: readonly Readonly<Record<string, string>>[];
  /** Names of the options to build with. */
  readonly buildOptions?: readonly string[];
  /** Replace what the recipe says of resources. */
  readonly resources?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Set where neither the recipe nor anything before it says otherwise. */
export const defaultVariables: Readonly<Record<string, string>> = {
  HOME: '/home/build',
  GOPATH: '/home/build/.cache/go',
  GOMODCACHE: '/var/cache/melange/gomodcache',
  UV_CACHE_DIR: '/var/cache/melange/uv',
  PIP_CACHE_DIR: '/var/cache/melange/pip',
  COMPOSER_CACHE_DIR: '/var/cache/melange/composer',
  npm_config_cache: '/var/cache/melange/npm',
};

/**
 * Replaces what is known before an architecture is (`package.*`, `vars.*`, `range.*`), makes ranges one subpackage an
 * item, in byte order of their keys, sets default variables and the build account, pushes `working-directory` and
 * `environment` down to nested steps, and checks the rules of the language (packages.md 2.16, 3.2). Pure.
 * Throws `RECIPE_INVALID`, `RECIPE_VARIABLE_UNKNOWN`, `RECIPE_REGEX_INVALID`, each with its position.
 */
export function expandRecipe(decoded: DecodedRecipe, options: ExpandOptions = {}): Recipe {
  return new Expander(decoded, options).expand();
}

class Expander {
  readonly #decoded: DecodedRecipe;
  readonly #options: ExpandOptions;
  readonly #facts: FactsReader;
  readonly #growth: Growth;
  readonly #vars: Readonly<Record<string, string>>;
  readonly #known: ReadonlyMap<string, string>;
  /** As `known`, with what the package says of itself replaced too: for ranges and lists. */
  readonly #settled: ReadonlyMap<string, string>;

  constructor(decoded: DecodedRecipe, options: ExpandOptions) {
    this.#decoded = decoded;
    this.#options = options;
    this.#growth = new Growth(decoded.file);
    this.#vars = {
      ...decoded.raw.vars,
      ...options.varsFile,
      ...(this.#dialect === 'kiln' ? this.#optionVars() : {}),
    };
    const written = decoded.raw.package;
    // The reference puts in what a var says, vars in it included, before it looks what those are.
    const references = this.#dialect === 'kiln' ? 'followed' : 'kept';
    this.#known = this.#resolve(this.#vars, written, references);
    this.#settled =
      this.#dialect === 'kiln'
        ? this.#known
        : this.#resolve(this.#vars, this.#own(written), references);
    const known = this.#settled;
    this.#facts = new FactsReader({
      decoded,
      dialect: this.#dialect,
      known,
      untransformed:
        this.#dialect === 'kiln' || decoded.raw['var-transforms'].length === 0
          ? known
          : this.#resolve(this.#vars, this.#own(written), references, []),
      growth: this.#growth,
    });
    if (this.#dialect === 'melange') this.#refuseVarsFile();
  }

  /** The reference puts the vars of a file into those of the recipe, and crashes where there are none. */
  #refuseVarsFile(): void {
    const { raw } = this.#decoded;
    if (raw.vars !== undefined || Object.keys(this.#options.varsFile ?? {}).length === 0) return;
    throw this.#invalid('a file of vars needs "vars" in the recipe, be it an empty one', []);
  }

  get #dialect(): RecipeDialect {
    return this.#options.dialect ?? 'kiln';
  }

  expand(): Recipe {
    const { raw, file } = this.#decoded;
    const replace = this.#replacement(this.#known);
    const origin = this.#facts.origin(raw.package, replace, this.#options);
    // The reference applies the vars of options after the first pass: only what is left for the second sees them.
    const vars = { ...this.#vars, ...this.#optionVars() };
    const variables = this.#variables(vars);
    const recipe: Recipe = {
      file,
      dialect: this.#dialect,
      package: origin,
      environment: this.#buildEnvironment(replace),
      capabilities: raw.capabilities,
      pipeline: this.#steps(raw.pipeline, ['pipeline'], replace),
      subpackages: raw.subpackages.flatMap((one, index) =>
        this.#subpackages(one, index, origin.commit),
      ),
      vars,
      varTransforms: raw['var-transforms'],
      get variables() {
        return variables();
      },
      options: mapValues(raw.options, (option): BuildOption => ({
        vars: option.vars,
        add: option.environment.contents.packages.add,
        remove: option.environment.contents.packages.remove,
      })),
      optionsEnabled: this.#options.buildOptions ?? [],
      update: replaceUpdate(raw.update, replace),
      test: this.#test(raw.test, ['test'], replace, 'always'),
      ...this.#additions(),
    };
    this.#refuseDuplicates(recipe);
    return recipe;
  }

  /** The reference looks what vars are only when it compiles, and then takes them in an order that varies: mostly as written. */
  #variables(vars: Readonly<Record<string, string>>): () => ReadonlyMap<string, string> {
    if (this.#dialect === 'kiln') {
      const known = varsOnly(this.#known);
      return () => known;
    }
    let known: ReadonlyMap<string, string> | undefined;
    return () =>
      (known ??= varsOnly(this.#resolve(vars, this.#own(this.#decoded.raw.package), 'earlier')));
  }

  readonly #at = (path: YamlPath) => this.#decoded.positionOf(path);

  /** The path is where a text that grows too large is shown. */
  #replacement(variables: Variables, path: YamlPath = []): Substitution {
    const replaced = this.#dialect === 'melange' ? substituteExact : substituteKnown;
    const place = { position: this.#at(path), what: 'a text' };
    return (text) => this.#growth.text(replaced(text, variables, place), place.position);
  }

  #steps(raw: readonly RawStep[], path: YamlPath, replace: Substitution): readonly Step[] {
    if (this.#dialect === 'melange') refuseVariablesWithoutPlace(raw, path, this.#at);
    const growth = this.#growth;
    const reading = { positionOf: this.#at, replace, growth, checks: 'combinations' } as const;
    return inheritDown(stepsOf(raw, path, reading));
  }

  #additions(): Pick<Recipe, 'hardeningExceptions' | 'acknowledgements' | 'network'> {
    const { kiln } = this.#decoded.raw;
    return {
      hardeningExceptions: (kiln?.hardening.exceptions ?? []).map((exception, index) => ({
        path: exception.path,
        check: exception.check as HardeningCheck,
        reason: exception.reason,
        position: this.#at(['kiln', 'hardening', 'exceptions', index]),
      })),
      acknowledgements: (kiln?.acknowledge ?? []).map((entry, index) => ({
        ...entry,
        position: this.#at(['kiln', 'acknowledge', index]),
      })),
      network: kiln?.network?.reason,
    };
  }

  #optionVars(): Readonly<Record<string, string>> {
    const merged: Record<string, string> = {};
    for (const name of this.#options.buildOptions ?? []) {
      const option = this.#decoded.raw.options[name];
      if (option === undefined && this.#dialect === 'kiln') {
        throw this.#invalid(`the recipe has no option "${shorten(name)}"`, ['options']);
      }
      Object.assign(merged, option?.vars);
    }
    return merged;
  }

  /** The main package with its own texts replaced, as the reference does once. */
  #own(written: RawOrigin): RawOrigin {
    const replace = this.#replacement(this.#known);
    return {
      ...written,
      name: replace(written.name),
      version: replace(written.version),
      description: replace(written.description),
    };
  }

  /** `package.*` and `vars.*`. */
  #resolve(
    vars: Readonly<Record<string, string>>,
    written: RawOrigin,
    references: VarsRequest['references'],
    transforms = this.#decoded.raw['var-transforms'],
  ): ReadonlyMap<string, string> {
    const replace = this.#dialect === 'kiln' ? substituteKnown : asWritten;
    const request = { vars, references, growth: this.#growth, positionOf: this.#at };
    const plain = resolveVars({ ...request, transforms: [], known: new Map() });
    const known = new Map(packageVariables(written, plain, replace));
    // Unknown to the reference when it compiles.
    if (references === 'earlier') known.delete('package.description');
    const resolved = resolveVars({ ...request, transforms, known });
    return new Map([...packageVariables(written, resolved, replace), ...resolved]);
  }

  #buildEnvironment(replace: Substitution): ImageConfig {
    const written = this.#facts.environment(
      this.#decoded.raw.environment,
      ['environment'],
      replace,
    );
    const variables: Record<string, string> = {};
    for (const layer of [...(this.#options.environmentFiles ?? [])].reverse())
      Object.assign(variables, layer);
    Object.assign(variables, written.environment);
    for (const [name, value] of Object.entries(defaultVariables))
      if ((variables[name] ?? '') === '') variables[name] = value;
    const options = (this.#options.buildOptions ?? []).flatMap(
      (name) => this.#decoded.raw.options[name]?.environment.contents.packages ?? [],
    );
    const environment = withBuildAccount({ ...written, environment: variables });
    return {
      ...environment,
      contents: {
        ...environment.contents,
        packages: withOptionPackages(environment.contents.packages, options, this.#dialect),
      },
    };
  }

  #test(
    raw: RawTest | undefined,
    path: YamlPath,
    replace: Substitution,
    account: 'always' | 'with-steps',
  ): TestBlock | undefined {
    if (raw === undefined) return undefined;
    const environment = this.#facts.environment(raw.environment, [...path, 'environment'], replace);
    const pipeline = stepsOf(raw.pipeline ?? [], [...path, 'pipeline'], {
      positionOf: this.#at,
      replace,
      growth: this.#growth,
      // The reference does not look at the steps of tests.
      checks: this.#dialect === 'melange' ? 'none' : 'combinations',
    });
    return {
      environment:
        account === 'always' || pipeline.length > 0 ? withBuildAccount(environment) : environment,
      pipeline,
      pipelineWritten: raw.pipeline !== undefined,
    };
  }

  #subpackages(raw: RawSubpackage, index: number, commit: string): readonly Subpackage[] {
    const path = ['subpackages', index];
    if (raw.range === '') return [this.#subpackage(raw, path, this.#known, commit)];
    const table = this.#decoded.raw.data.findLast((candidate) => candidate.name === raw.range);
    if (table === undefined) {
      throw this.#invalid(`range names no table of data: "${shorten(raw.range)}"`, [
        ...path,
        'range',
      ]);
    }
    const replace = this.#replacement(this.#known, ['data']);
    return Object.entries(table.items)
      .sort(([a], [b]) => compareBytes(a, b))
      .map(([key, value]) => {
        const item = new Map([
          ['range.key', key],
          ['range.value', this.#dialect === 'melange' ? value : replace(value)],
        ]);
        // Not in one map: there may be many vars, and many items.
        const variables = { get: (name: string) => item.get(name) ?? this.#settled.get(name) };
        return this.#subpackage(raw, path, variables, commit);
      });
  }

  #subpackage(
    raw: RawSubpackage,
    path: YamlPath,
    variables: Variables,
    commit: string,
  ): Subpackage {
    this.#growth.part(this.#at(path));
    const replace = this.#replacement(variables, path);
    const facts = this.#facts.facts(raw, path, replace);
    this.#facts.checkName(facts.name, [...path, 'name']);
    return {
      ...facts,
      commit: facts.commit === '' ? commit : facts.commit,
      if: replace(raw.if),
      pipeline: this.#steps(raw.pipeline, [...path, 'pipeline'], replace),
      test: this.#test(raw.test, [...path, 'test'], replace, 'with-steps'),
    };
  }

  #refuseDuplicates(recipe: Recipe): void {
    const seen = new Set([recipe.package.name]);
    for (const { name, position } of recipe.subpackages) {
      if (seen.has(name)) {
        throw new KilnError(
          'RECIPE_INVALID',
          `two packages of the recipe are called "${shorten(name)}"`,
          { position },
        );
      }
      seen.add(name);
    }
  }

  #invalid(message: string, path: YamlPath): KilnError {
    return new KilnError('RECIPE_INVALID', message, { position: this.#at(path) });
  }
}

function varsOnly(known: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...known].filter(([name]) => name.startsWith('vars.')));
}

/** The reference looks once for variables, and not in what it puts in. */
function asWritten(text: string): string {
  return text;
}

function packageVariables(
  raw: RawOrigin,
  vars: ReadonlyMap<string, string>,
  replace: typeof substituteKnown,
): ReadonlyMap<string, string> {
  const version = replace(raw.version, vars);
  const first = new Map([
    ['package.name', replace(raw.name, vars)],
    ['package.version', version],
    ['package.epoch', String(raw.epoch)],
    ['package.full-version', `${version}-r${raw.epoch}`],
  ]);
  return new Map([
    ...first,
    ['package.description', replace(raw.description, new Map([...first, ...vars]))],
  ]);
}

/** Filters of upstream versions may name vars; what is stripped from them may not. */
function replaceUpdate(update: Recipe['update'], replace: Substitution): Recipe['update'] {
  const monitor = update['release-monitor'];
  const { github, git } = update;
  const tagFilter = <T extends NonNullable<typeof git>>(filter: T): T => ({
    ...filter,
    'tag-filter-prefix': replace(filter['tag-filter-prefix']),
    'tag-filter-contains': replace(filter['tag-filter-contains']),
  });
  return {
    ...update,
    'release-monitor': monitor && {
      ...monitor,
      'version-filter-contains': replace(monitor['version-filter-contains']),
      'version-filter-prefix': replace(monitor['version-filter-prefix']),
    },
    github: github && {
      ...tagFilter(github),
      identifier: replace(github.identifier),
      'tag-filter': replace(github['tag-filter']),
    },
    git: git && tagFilter(git),
  };
}
