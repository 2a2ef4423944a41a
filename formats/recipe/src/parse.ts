import { KilnError, compareBytes, shorten, type Position } from '@kiln/base';
import { decodeYamlDocument, type YamlPath } from '@kiln/yaml';
import { architectureOf } from './architecture.ts';
import type {
  Environment,
  HardeningCheck,
  OriginFacts,
  PackageFacts,
  Recipe,
  ScriptletName,
  Scriptlets,
  Step,
  Subpackage,
  TestBlock,
} from './recipe.ts';
import { pipelineSchema, recipeSchema } from './schema.ts';
import type {
  RawEnvironment,
  RawFacts,
  RawOrigin,
  RawRecipe,
  RawSubpackage,
  RawTest,
} from './schema.ts';
import { inheritDown, mapValues, stepOf, stepsOf, type Substitution } from './step.ts';
import { substitute, substituteKnown } from './substitute.ts';
import { refuseUnsupported } from './unsupported.ts';
import { resolveVars } from './vars.ts';

export interface ParseRecipeOptions {
  /** The name that errors show. */
  readonly file: string;
}

/**
 * Reads a recipe: strict decoding, parse-time substitution (`package.*`, `vars.*`, `range.*`), ranges expanded in byte
 * order of their keys, default variables set, `working-directory` and `environment` pushed down to nested steps.
 * Throws `YAML_INVALID`, `YAML_UNKNOWN_KEY`, `YAML_TYPE`, `RECIPE_INVALID` (a rule of the language is broken),
 * `RECIPE_UNSUPPORTED` (a key of the language that Kiln does not act on) and `RECIPE_VARIABLE_UNKNOWN`.
 */
export function parseRecipe(text: string, options: ParseRecipeOptions): Recipe {
  const { value: raw, positionOf } = decodeYamlDocument(text, { ...options, schema: recipeSchema });
  refuseUnsupported(raw, positionOf);
  return new RecipeReader(raw, positionOf, options.file).read();
}

/** A reusable pipeline; its variables are resolved where it is used. */
export interface PipelineDefinition {
  readonly file: string;
  readonly step: Step;
}

/** Reads a pipeline definition. Unknown keys are ignored, as in the reference language. Throws as `parseRecipe`. */
export function parsePipelineDefinition(
  text: string,
  options: ParseRecipeOptions,
): PipelineDefinition {
  const { value, positionOf } = decodeYamlDocument(text, {
    ...options,
    schema: pipelineSchema,
    unknownKeys: 'ignore',
  });
  return { file: options.file, step: stepOf(value, [], positionOf, (same) => same) };
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

class RecipeReader {
  readonly #raw: RawRecipe;
  readonly #positionOf: (path: YamlPath) => Position;
  readonly #file: string;
  readonly #known: ReadonlyMap<string, string>;
  readonly #vars: ReadonlyMap<string, string>;

  constructor(raw: RawRecipe, positionOf: (path: YamlPath) => Position, file: string) {
    this.#raw = raw;
    this.#positionOf = positionOf;
    this.#file = file;
    this.#vars = resolveVars(raw.vars, (name) => positionOf(['vars', name]));
    this.#known = new Map([...packageVariables(raw.package, this.#vars), ...this.#vars]);
  }

  read(): Recipe {
    const replace = this.#replacement(this.#known);
    const origin = this.#origin(replace);
    const recipe: Recipe = {
      file: this.#file,
      package: origin,
      environment: this.#buildEnvironment(replace),
      pipeline: inheritDown(stepsOf(this.#raw.pipeline, ['pipeline'], this.#positionOf, replace)),
      subpackages: this.#raw.subpackages.flatMap((raw, index) =>
        this.#subpackages(raw, index, origin),
      ),
      vars: Object.fromEntries(
        [...this.#vars].map(([name, value]) => [name.slice('vars.'.length), value]),
      ),
      update: this.#raw.update,
      test: this.#test(this.#raw.test, ['test'], replace),
      hardeningExceptions: this.#raw.kiln.hardening.exceptions.map((exception, index) => ({
        path: exception.path,
        check: exception.check as HardeningCheck,
        reason: exception.reason,
        position: this.#positionOf(['kiln', 'hardening', 'exceptions', index]),
      })),
    };
    this.#refuseDuplicates(recipe);
    return recipe;
  }

  #replacement(variables: ReadonlyMap<string, string>): Substitution {
    return (text) => substituteKnown(text, variables);
  }

  #origin(replace: Substitution): OriginFacts {
    const raw = this.#raw.package;
    const facts = this.#facts(raw, ['package'], replace);
    return {
      ...facts,
      name: raw.name,
      version: replace(raw.version),
      epoch: raw.epoch,
      copyright: raw.copyright.map((entry) => ({
        license: replace(entry.license),
        paths: entry.paths.map(replace),
        attestation: entry.attestation,
        licensePath: this.#insideWorkspace(replace(entry['license-path'])),
        detectionOverride: entry['detection-override'],
      })),
      targetArchitectures: this.#targets(raw['target-architecture'].map(replace)),
      cpe: definedOnly(raw.cpe),
      timeoutMs: raw.timeout,
      resources: definedOnly(raw.resources),
      testResources: definedOnly(raw['test-resources']),
    };
  }

  #insideWorkspace(path: string): string {
    if (!path.startsWith('/') && !path.split('/').includes('..')) return path;
    throw this.#invalid(`license-path "${shorten(path)}" leaves the workspace`, [
      'package',
      'copyright',
    ]);
  }

  #targets(names: readonly string[]): readonly string[] {
    if (names.length === 1 && names[0] === 'all') return [];
    return names.map((name) => {
      const arch = architectureOf(name);
      if (arch === undefined) {
        throw this.#invalid(`unknown architecture "${shorten(name)}"`, [
          'package',
          'target-architecture',
        ]);
      }
      return arch;
    });
  }

  #facts(raw: RawFacts, path: YamlPath, replace: Substitution): PackageFacts {
    const strict = (text: string): string =>
      substitute(replace(text), new Map(), {
        position: this.#positionOf([...path, 'dependencies']),
        what: 'dependencies',
      });
    const { dependencies, options } = raw;
    return {
      name: replace(raw.name),
      description: this.#oneLine(replace(raw.description), [...path, 'description']),
      url: replace(raw.url),
      commit: replace(raw.commit),
      annotations: mapValues(raw.annotations, replace),
      dependencies: {
        runtime: dependencies.runtime.map(strict),
        provides: dependencies.provides.map(strict),
        replaces: dependencies.replaces.map(strict),
        providerPriority: this.#priority(strict(dependencies['provider-priority']), [
          ...path,
          'dependencies',
          'provider-priority',
        ]),
        replacesPriority: this.#priority(strict(dependencies['replaces-priority']), [
          ...path,
          'dependencies',
          'replaces-priority',
        ]),
      },
      options: {
        noProvides: options['no-provides'],
        noDepends: options['no-depends'],
        noCommands: options['no-commands'],
        noVersionedShlibDeps: options['no-versioned-shlib-deps'],
      },
      scriptlets: scriptletsOf(raw, replace),
      checksDisabled: raw.checks.disabled,
      position: this.#positionOf(path),
    };
  }

  #oneLine(text: string, path: YamlPath): string {
    if (/[\r\n]/.test(text)) throw this.#invalid('description must be one line', path);
    return text;
  }

  #priority(text: string, path: YamlPath): number | undefined {
    if (text === '') return undefined;
    const value = /^[-+]?\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value))
      throw this.#invalid(`a priority must be a whole number, got "${shorten(text)}"`, path);
    return value;
  }

  #buildEnvironment(replace: Substitution): Environment {
    const { packages, variables } = this.#environment(
      this.#raw.environment,
      ['environment'],
      replace,
    );
    const set = Object.entries(variables).filter(([, value]) => value !== '');
    return {
      packages,
      variables: { ...variables, ...defaultVariables, ...Object.fromEntries(set) },
    };
  }

  #environment(raw: RawEnvironment, path: YamlPath, replace: Substitution): Environment {
    const place = {
      position: this.#positionOf([...path, 'contents', 'packages']),
      what: 'packages',
    };
    return {
      packages: raw.contents.packages.map((name) => substitute(replace(name), new Map(), place)),
      variables: mapValues(raw.environment, replace),
    };
  }

  #test(raw: RawTest | undefined, path: YamlPath, replace: Substitution): TestBlock | undefined {
    if (raw === undefined) return undefined;
    return {
      environment: this.#environment(raw.environment, [...path, 'environment'], replace),
      pipeline: stepsOf(raw.pipeline, [...path, 'pipeline'], this.#positionOf, replace),
    };
  }

  #subpackages(raw: RawSubpackage, index: number, origin: OriginFacts): readonly Subpackage[] {
    const path = ['subpackages', index];
    if (raw.range === '') return [this.#subpackage(raw, path, this.#known, origin)];
    const table = this.#raw.data.find((candidate) => candidate.name === raw.range);
    if (table === undefined) {
      throw this.#invalid(`range names no table of data: "${shorten(raw.range)}"`, [
        ...path,
        'range',
      ]);
    }
    return Object.entries(table.items)
      .sort(([a], [b]) => compareBytes(a, b))
      .map(([key, value]) =>
        this.#subpackage(
          raw,
          path,
          new Map([
            ...this.#known,
            ['range.key', key],
            ['range.value', substituteKnown(value, this.#known)],
          ]),
          origin,
        ),
      );
  }

  #subpackage(
    raw: RawSubpackage,
    path: YamlPath,
    variables: ReadonlyMap<string, string>,
    origin: OriginFacts,
  ): Subpackage {
    const replace = this.#replacement(variables);
    const facts = this.#facts(raw, path, replace);
    if (!/^[a-zA-Z\d][a-zA-Z\d+_.-]*$/.test(facts.name)) {
      throw this.#invalid(`not a package name: "${shorten(facts.name)}"`, [...path, 'name']);
    }
    return {
      ...facts,
      commit: facts.commit === '' ? origin.commit : facts.commit,
      if: replace(raw.if),
      pipeline: inheritDown(
        stepsOf(raw.pipeline, [...path, 'pipeline'], this.#positionOf, replace),
      ),
      test: this.#test(raw.test, [...path, 'test'], replace),
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
    return new KilnError('RECIPE_INVALID', message, { position: this.#positionOf(path) });
  }
}

function packageVariables(
  raw: RawOrigin,
  vars: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const version = substituteKnown(raw.version, vars);
  const first = new Map([
    ['package.name', raw.name],
    ['package.version', version],
    ['package.epoch', String(raw.epoch)],
    ['package.full-version', `${version}-r${raw.epoch}`],
  ]);
  return new Map([
    ...first,
    ['package.description', substituteKnown(raw.description, new Map([...first, ...vars]))],
  ]);
}

function scriptletsOf(raw: RawFacts, replace: Substitution): Scriptlets {
  const names: readonly ScriptletName[] = [
    'pre-install',
    'post-install',
    'pre-upgrade',
    'post-upgrade',
    'pre-deinstall',
    'post-deinstall',
  ];
  const scripts: Partial<Record<ScriptletName, string>> = {};
  for (const name of names) {
    const text = raw.scriptlets[name];
    if (text !== undefined && text !== '') scripts[name] = replace(text);
  }
  const { trigger } = raw.scriptlets;
  return {
    scripts,
    trigger:
      trigger === undefined
        ? undefined
        : { script: replace(trigger.script), paths: trigger.paths.map(replace) },
  };
}

function definedOnly(record: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const defined: Record<string, string> = {};
  for (const [name, value] of Object.entries(record))
    if (value !== undefined && value !== '') defined[name] = value;
  return defined;
}
