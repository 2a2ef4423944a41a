import { KilnError, shorten } from '@kiln/base';
import type { ImageConfig } from '@kiln/image-config';
import type { YamlPath } from '@kiln/yaml';
import { architectureOf } from './architecture.ts';
import { capabilityProblem } from './capability.ts';
import type { DecodedRecipe } from './decode.ts';
import type {
  OriginFacts,
  PackageFacts,
  RecipeDialect,
  ScriptletName,
  Scriptlets,
} from './recipe.ts';
import type { RawFacts, RawOrigin, RawScriptlets } from './schema.ts';
import { mapValues, type Substitution } from './step.ts';
import type { Growth } from './growth.ts';
import { substitute, type Variables } from './substitute.ts';

/** Reads what packages say of themselves, checked by the rules of packages.md 2.16. */
export class FactsReader {
  readonly #decoded: DecodedRecipe;
  readonly #dialect: RecipeDialect;
  readonly #known: Variables;
  readonly #untransformed: Variables;
  readonly #growth: Growth;

  constructor(options: {
    readonly decoded: DecodedRecipe;
    readonly dialect: RecipeDialect;
    /** What lists may name, which leave no variable. */
    readonly known: Variables;
    /** The same for `replaces` and priorities, to which the reference does not apply transforms. */
    readonly untransformed: Variables;
    readonly growth: Growth;
  }) {
    this.#decoded = options.decoded;
    this.#dialect = options.dialect;
    this.#known = options.known;
    this.#untransformed = options.untransformed;
    this.#growth = options.growth;
  }

  origin(
    raw: RawOrigin,
    replace: Substitution,
    overrides: {
      readonly commit?: string;
      readonly timeoutMs?: number;
      readonly resources?: Readonly<Record<string, string>>;
    },
  ): OriginFacts {
    const facts = this.facts(raw, ['package'], replace);
    this.checkName(facts.name, ['package', 'name']);
    const version = replace(raw.version);
    if (version === '')
      throw this.#invalid('the version must not be empty', ['package', 'version']);
    this.#checkCpe(raw.cpe);
    return {
      ...facts,
      commit: facts.commit === '' ? (overrides.commit ?? '') : facts.commit,
      version,
      epoch: raw.epoch,
      copyright: raw.copyright.map((entry, index) => ({
        license: replace(entry.license),
        paths: entry.paths.map(replace),
        attestation: entry.attestation,
        licensePath: this.#insideWorkspace(replace(entry['license-path']), index),
        detectionOverride: entry['detection-override'],
      })),
      targetArchitectures: this.#targets(raw['target-architecture'].map(replace)),
      cpe: definedOnly(raw.cpe),
      timeoutMs: overrides.timeoutMs ?? raw.timeout,
      resources: definedOnly({ ...raw.resources, ...definedOnly(overrides.resources ?? {}) }),
      testResources: raw['test-resources'] && definedOnly(raw['test-resources']),
    };
  }

  facts(raw: RawFacts, path: YamlPath, replace: Substitution): PackageFacts {
    const within = (...keys: readonly PropertyKey[]): YamlPath => [...path, ...keys];
    const strict =
      (variables: Variables) =>
      (text: string): string =>
        this.#strict(replace(text), within('dependencies'), variables);
    const { dependencies, options } = raw;
    const priority = (key: 'provider-priority' | 'replaces-priority'): string | undefined => {
      const settled = strict(this.#untransformed)(dependencies[key]);
      // The reference loses what it put into those of subpackages.
      const lost = this.#dialect === 'melange' && path[0] === 'subpackages';
      return this.#priority(
        lost ? replace(dependencies[key]) : settled,
        within('dependencies', key),
      );
    };
    return {
      name: replace(raw.name),
      description: this.#oneLine(replace(raw.description), within('description')),
      url: this.#oneLine(replace(raw.url), within('url')),
      commit: this.#oneLine(raw.commit, within('commit')),
      annotations: mapValues(raw.annotations, replace),
      dependencies: {
        runtime: dependencies.runtime.map(strict(this.#known)),
        provides: dependencies.provides.map(strict(this.#known)),
        replaces: dependencies.replaces.map(strict(this.#untransformed)),
        providerPriority: priority('provider-priority'),
        replacesPriority: priority('replaces-priority'),
      },
      options: {
        noProvides: options?.['no-provides'] ?? false,
        noDepends: options?.['no-depends'] ?? false,
        noCommands: options?.['no-commands'] ?? false,
        noVersionedShlibDeps: options?.['no-versioned-shlib-deps'] ?? false,
      },
      scriptlets: scriptletsOf(raw.scriptlets, replace),
      checksDisabled: raw.checks.disabled,
      capabilities: this.#capabilities(raw, path),
      written: { options: options !== undefined, scriptlets: raw.scriptlets !== undefined },
      position: this.#decoded.positionOf(path),
    };
  }

  /** Texts of an image configuration replaced; its lists of packages leave no variable. */
  environment(config: ImageConfig, path: YamlPath, replace: Substitution): ImageConfig {
    const { contents, entrypoint } = config;
    const melange = this.#dialect === 'melange';
    return {
      ...config,
      contents: {
        ...contents,
        buildRepositories: contents.buildRepositories.map(replace),
        repositories: contents.repositories.map(replace),
        keyring: contents.keyring.map(replace),
        // The reference loses these on the way.
        runtimeRepositories: melange ? [] : contents.runtimeRepositories.map(replace),
        runtimeKeyring: melange ? [] : contents.runtimeKeyring,
        packages: contents.packages.map((name) =>
          this.#strict(replace(name), [...path, 'contents', 'packages'], this.#known),
        ),
      },
      entrypoint: {
        type: entrypoint.type,
        command: replace(entrypoint.command),
        shellFragment: replace(entrypoint.shellFragment),
        services: entrypoint.services && mapValues(entrypoint.services, replace),
      },
      cmd: replace(config.cmd),
      stopSignal: replace(config.stopSignal),
      workDir: replace(config.workDir),
      environment: mapValues(config.environment, replace),
      vcsUrl: replace(config.vcsUrl),
      annotations: mapValues(config.annotations, replace),
      volumes: config.volumes.map(replace),
      ...(melange ? { layering: undefined, format: '', certificates: undefined } : {}),
    };
  }

  checkName(name: string, path: YamlPath): void {
    if (/^[a-zA-Z\d][a-zA-Z\d+_.-]*$/.test(name)) return;
    throw this.#invalid(
      `not a package name: "${shorten(name)}"`,
      path,
      'letters, digits and "+_.-", the first a letter or digit',
    );
  }

  /** No variable may be left. */
  #strict(text: string, path: YamlPath, variables: Variables): string {
    if (!text.includes('${{')) return text;
    const place = { position: this.#decoded.positionOf(path), what: String(path.at(-1)) };
    return this.#growth.text(substitute(text, variables, place), place.position);
  }

  #insideWorkspace(path: string, index: number): string {
    // The reference finds out while it builds.
    if (this.#dialect === 'melange') return path;
    if (!path.startsWith('/') && !path.split('/').includes('..')) return path;
    throw this.#invalid(`license-path "${shorten(path)}" leaves the workspace`, [
      'package',
      'copyright',
      index,
      'license-path',
    ]);
  }

  /** As written: `appliesTo` knows both spellings. */
  #targets(names: readonly string[]): readonly string[] {
    const unknown = names.find((name) => architectureOf(name) === undefined && name !== 'all');
    if (unknown === undefined || this.#dialect === 'melange') return names;
    throw this.#invalid(`unknown architecture "${shorten(unknown)}"`, [
      'package',
      'target-architecture',
    ]);
  }

  #capabilities(raw: RawFacts, path: YamlPath): PackageFacts['capabilities'] {
    // The reference loses those of subpackages before it looks at them.
    if (this.#dialect === 'melange' && path[0] === 'subpackages') return raw.setcap;
    raw.setcap.forEach((capability, index) => {
      const problem = capabilityProblem(capability);
      if (problem !== undefined) throw this.#invalid(problem, [...path, 'setcap', index]);
    });
    return raw.setcap;
  }

  #checkCpe(cpe: RawOrigin['cpe']): void {
    const path = ['package', 'cpe'];
    if (!['', 'a', 'o'].includes(cpe.part))
      throw this.#invalid(`cpe.part must be "a" or "o", got "${shorten(cpe.part)}"`, path);
    if ((cpe.vendor === '') !== (cpe.product === ''))
      throw this.#invalid('cpe.vendor and cpe.product go together', path);
    for (const [name, value] of Object.entries(cpe)) {
      if (value === '' || /^[a-z\d][a-z\d+_.-]*$/.test(value)) continue;
      throw this.#invalid(`cpe.${name} "${shorten(value)}" is not allowed`, [...path, name]);
    }
  }

  #oneLine(text: string, path: YamlPath): string {
    // The reference finds out when it makes an index of the package. A break at the end is that of a block text.
    if (this.#dialect === 'melange' || !/[\r\n]/.test(text.trimEnd())) return text;
    throw this.#invalid(`${String(path.at(-1))} must be one line`, path);
  }

  #priority(text: string, path: YamlPath): string | undefined {
    if (text === '') return undefined;
    if (/^[-+]?\d{1,18}$/.test(text)) return text;
    throw this.#invalid(`a priority must be a whole number, got "${shorten(text)}"`, path);
  }

  #invalid(message: string, path: YamlPath, hint?: string): KilnError {
    const position = this.#decoded.positionOf(path);
    return new KilnError('RECIPE_INVALID', message, { position, hint });
  }
}

const scriptletNames: readonly ScriptletName[] = [
  'pre-install',
  'post-install',
  'pre-deinstall',
  'post-deinstall',
  'pre-upgrade',
  'post-upgrade',
];

function scriptletsOf(raw: RawScriptlets | undefined, replace: Substitution): Scriptlets {
  const scripts: Partial<Record<ScriptletName, string>> = {};
  for (const name of scriptletNames) {
    const text = replace(raw?.[name] ?? '');
    if (text !== '') scripts[name] = text;
  }
  const trigger = raw?.trigger;
  return {
    scripts,
    trigger: trigger && { script: replace(trigger.script), paths: trigger.paths.map(replace) },
  };
}

/** The members that are not empty. */
export function definedOnly(
  record: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const defined: Record<string, string> = {};
  for (const [name, value] of Object.entries(record))
    if (value !== undefined && value !== '') defined[name] = value;
  return defined;
}
