import { compareBytes } from '@kiln/base';
import { apkoDocument, type ImageConfig } from '@kiln/image-config';
import { goJson, type GoJsonValue } from '@kiln/oci';
import { compareNatural } from '@kiln/yaml';
import type { CompiledRecipe, CompiledStep, CompiledSubpackage, CompiledTest } from './compiled.ts';
import type { BuildOption, OriginFacts, PackageFacts, Scriptlets, Update } from './recipe.ts';

type Document = { readonly [member: string]: GoJsonValue };

/**
 * The two forms in which the reference prints a compiled recipe: `json` is what `compile` prints, `yaml` what
 * `.melange.yaml` holds. They differ in what is left out when it is empty, in a few names and in the order of maps.
 */
type Form = 'json' | 'yaml';

/** The compiled recipe as one line of JSON, as `melange compile` prints it, without the line's end. */
export function printCompiled(compiled: CompiledRecipe): string {
  return goJson(
    new DocumentWriter('json', compiled).recipe(apkoDocument(compiled.environment)) as GoJsonValue,
  );
}

/**
 * The compiled recipe with its locked environment as one plain value, keys in the reference language's order: what
 * `.melange.yaml` holds in each package of the build (packages.md 15.4).
 */
export function compiledDocument(
  compiled: CompiledRecipe,
  environment: ImageConfig,
): Readonly<Record<string, unknown>> {
  const writer = new DocumentWriter('yaml', compiled);
  return writer.recipe(writer.environment(environment)) as Readonly<Record<string, unknown>>;
}

class DocumentWriter {
  readonly #form: Form;
  readonly #compiled: CompiledRecipe;

  constructor(form: Form, compiled: CompiledRecipe) {
    this.#form = form;
    this.#compiled = compiled;
  }

  recipe(environment: Document): Document {
    const { recipe } = this.#compiled;
    const yaml = this.#form === 'yaml';
    const subpackages = yaml
      ? this.#compiled.subpackages.filter(({ applies }) => applies)
      : this.#compiled.subpackages;
    return {
      package: this.#origin(this.#compiled.package),
      environment,
      capabilities: this.#struct({
        add: list(recipe.capabilities.add),
        drop: list(recipe.capabilities.drop),
      }),
      pipeline: list(this.#compiled.pipeline.map((step) => this.#step(step, 'top'))),
      subpackages: list(subpackages.map((one) => this.#subpackage(one))),
      update: this.#update(recipe.update),
      vars: this.#map(recipe.vars),
      'var-transforms': list(
        recipe.varTransforms.map(({ from, match, replace, to }) => ({ from, match, replace, to })),
      ),
      options: this.#options(recipe.options),
      test: this.#test(this.#compiled.test),
      kiln: this.#kiln(),
    };
  }

  /** An image configuration in the YAML form, in which accounts and links state everything. */
  environment(config: ImageConfig): Document {
    const { contents, entrypoint, accounts, ...rest } = apkoDocument(config);
    return {
      contents: this.#struct(contents as Document),
      entrypoint: this.#struct(
        isEmpty(entrypoint as Document)
          ? {}
          : {
              type: config.entrypoint.type,
              command: config.entrypoint.command,
              'shell-fragment': config.entrypoint.shellFragment,
              services: this.#map(config.entrypoint.services) ?? {},
            },
      ),
      cmd: rest['cmd'],
      'stop-signal': rest['stop-signal'],
      'work-dir': rest['work-dir'],
      accounts: isEmpty(accounts as Document)
        ? undefined
        : {
            'run-as': config.accounts.runAs,
            users: config.accounts.users.map((user) => ({
              username: user.userName,
              uid: user.uid,
              gid: user.gid,
              shell: user.shell,
              homedir: user.homeDir,
            })),
            groups: config.accounts.groups.map(({ groupName, gid, members }) => ({
              groupname: groupName,
              gid,
              members: [...members],
            })),
          },
      ...rest,
      environment: this.#map(config.environment),
      paths: list(
        config.paths.map(({ path, type, uid, gid, permissions, source, recursive }) => ({
          path,
          type,
          uid,
          gid,
          permissions,
          source,
          recursive,
        })),
      ),
      annotations: this.#map(config.annotations),
    };
  }

  /** A structure: the YAML form leaves it out when nothing is in it. */
  #struct(document: Document): Document | undefined {
    return this.#form === 'yaml' && isEmpty(document) ? undefined : document;
  }

  #map<T extends GoJsonValue>(record: Readonly<Record<string, T>> | undefined): GoJsonValue {
    const entries = Object.entries(record ?? {});
    if (entries.length === 0) return undefined;
    const compare = this.#form === 'yaml' ? compareNatural : compareBytes;
    entries.sort(([a], [b]) => compare(a, b));
    return this.#form === 'yaml' ? Object.fromEntries(entries) : new Map(entries);
  }

  #origin(facts: OriginFacts): Document {
    const relations = this.#relations(facts);
    return {
      name: facts.name,
      version: facts.version,
      epoch: facts.epoch,
      description: text(facts.description),
      annotations: this.#map(facts.annotations),
      url: text(facts.url),
      commit: text(facts.commit),
      'target-architecture': list(facts.targetArchitectures),
      copyright: list(
        facts.copyright.map((entry) => ({
          paths: list(entry.paths),
          attestation: text(entry.attestation),
          license: entry.license,
          'license-path': text(entry.licensePath),
          'detection-override': text(entry.detectionOverride),
        })),
      ),
      dependencies: relations['dependencies'],
      options: relations['options'],
      scriptlets: relations['scriptlets'],
      checks: relations['checks'],
      cpe: this.#struct({ ...facts.cpe }),
      setcap: relations['setcap'],
      timeout: this.#duration(facts.timeoutMs),
      resources: { ...facts.resources },
      'test-resources': facts.testResources && { ...facts.testResources },
    };
  }

  #duration(milliseconds: number | undefined): GoJsonValue {
    if (milliseconds === undefined || milliseconds === 0) return undefined;
    return this.#form === 'json'
      ? Math.round(milliseconds * 1_000_000)
      : printDuration(milliseconds);
  }

  #relations(facts: PackageFacts): Document {
    const { dependencies, options, scriptlets, written } = facts;
    const { trigger } = scriptlets;
    const yaml = this.#form === 'yaml';
    const subject =
      this.#compiled.recipe.dialect === 'kiln' || facts === this.#compiled.package
        ? facts
        : undefined;
    return {
      dependencies: this.#struct({
        runtime: list(dependencies.runtime),
        provides: list(dependencies.provides),
        replaces: list(dependencies.replaces),
        'provider-priority': dependencies.providerPriority,
        'replaces-priority': dependencies.replacesPriority,
      }),
      options: written.options
        ? {
            'no-provides': options.noProvides || undefined,
            'no-depends': options.noDepends || undefined,
            'no-commands': options.noCommands || undefined,
            'no-versioned-shlib-deps': options.noVersionedShlibDeps || undefined,
          }
        : undefined,
      scriptlets: written.scriptlets
        ? {
            trigger: yaml
              ? trigger && saysSomething(trigger)
                ? { script: trigger.script, paths: [...trigger.paths] }
                : undefined
              : { script: text(trigger?.script ?? ''), paths: list(trigger?.paths ?? []) },
            ...Object.fromEntries(scriptletOrder.map((name) => [name, scriptlets.scripts[name]])),
          }
        : undefined,
      checks: this.#struct({ disabled: list(facts.checksDisabled) }),
      // The reference loses those of subpackages.
      setcap: list(
        (subject?.capabilities ?? []).map(({ path, add, reason }) => ({
          path: text(path),
          add: this.#map(add),
          reason: text(reason),
        })),
      ),
    };
  }

  #subpackage(subpackage: CompiledSubpackage): Document {
    const relations = this.#relations(subpackage);
    return {
      if: text(subpackage.if),
      name: subpackage.name,
      pipeline: list(subpackage.pipeline.map((step) => this.#step(step, 'top'))),
      dependencies: relations['dependencies'],
      options: relations['options'],
      scriptlets: relations['scriptlets'],
      description: text(subpackage.description),
      annotations: this.#map(subpackage.annotations),
      url: text(subpackage.url),
      commit: text(subpackage.commit),
      checks: relations['checks'],
      test: this.#test(subpackage.test),
      setcap: relations['setcap'],
    };
  }

  /** The needs of a step at the top that applies were moved to the environment; nested steps keep theirs. */
  #step(step: CompiledStep, level: 'top' | 'nested'): Document {
    const collected = level === 'top' && step.applies;
    const needs =
      this.#form === 'json'
        ? { Packages: step.needsListed ? [...step.needs] : null }
        : { packages: [...step.needs] };
    return {
      if: text(step.if),
      name: text(step.name),
      uses: text(step.uses),
      with: this.#map(step.with),
      runs: text(step.runs),
      pipeline: list(step.pipeline.map((one) => this.#step(one, 'nested'))),
      needs: step.needsWritten && !collected ? needs : undefined,
      label: text(step.label),
      assertions:
        step.requiredSteps === undefined
          ? undefined
          : { 'required-steps': step.requiredSteps || undefined },
      'working-directory': text(step.workingDirectory),
      environment: this.#map(step.environment),
    };
  }

  #test(test: CompiledTest | undefined): Document | undefined {
    if (test === undefined) return undefined;
    const environment =
      this.#form === 'json' ? apkoDocument(test.environment) : this.environment(test.environment);
    return {
      environment: this.#struct(environment),
      pipeline: test.pipelineWritten
        ? test.pipeline.map((step) => this.#step(step, 'top'))
        : this.#form === 'json'
          ? null
          : [],
    };
  }

  #options(options: Readonly<Record<string, BuildOption>>): GoJsonValue {
    const entries = Object.entries(options).map(([name, option]): [string, GoJsonValue] => [
      name,
      this.#option(option),
    ]);
    return this.#map(Object.fromEntries(entries));
  }

  #option({ vars, add, remove }: BuildOption): Document {
    if (this.#form === 'json') {
      const own = vars && new Map(Object.entries(vars));
      const packages = { Add: add ?? null, Remove: remove ?? null };
      return { Vars: own ?? null, Environment: { Contents: { Packages: packages } } };
    }
    const packages = this.#struct({ add: list(add ?? []), remove: list(remove ?? []) });
    const contents = packages && { contents: { packages } };
    return { vars: this.#map(vars), environment: contents };
  }

  #update(update: Update): Document | undefined {
    const monitor = update['release-monitor'];
    const { github, git, oci, schedule } = update;
    const data = update.version_data;
    const details: Document = {
      'version-separator': text(update['version-separator']),
      'ignore-regex-patterns': list(update['ignore-regex-patterns']),
      'release-monitor': monitor && {
        identifier: monitor.identifier,
        ...texts(monitor, [
          'strip-prefix',
          'strip-suffix',
          'version-filter-contains',
          'version-filter-prefix',
        ]),
      },
      github: github && {
        identifier: github.identifier,
        ...texts(github, [
          'strip-prefix',
          'strip-suffix',
          'tag-filter',
          'tag-filter-prefix',
          'tag-filter-contains',
        ]),
        'use-tag': github['use-tag'] || undefined,
      },
      git: git && texts(git, tagFilterKeys),
      oci: oci && { identifier: oci.identifier, ...texts(oci, tagFilterKeys) },
      version_data: data && {
        version_format: data.version_format,
        sources:
          data.sources?.map((source) => ({
            name: source.name,
            stream: source.stream,
            ignore: list(source.ignore),
            commit_source: text(source.commit_source),
            use_release: source.use_release || undefined,
          })) ?? (this.#form === 'json' ? null : []),
      },
      'version-transform': list(
        update['version-transform'].map(({ match, replace }) => ({ match, replace })),
      ),
      'exclude-reason': text(update['exclude-reason']),
      schedule: schedule && texts(schedule, ['reason', 'period']),
      'enable-prerelease-tags': update['enable-prerelease-tags'] || undefined,
    };
    const yaml = this.#form === 'yaml';
    const { enabled, manual, shared } = update;
    const sequential = update['require-sequential'];
    if (yaml && !enabled && !manual && !shared && !sequential && isEmpty(details)) return undefined;
    return {
      enabled,
      manual: yaml ? manual : manual || undefined,
      'require-sequential': yaml ? sequential : sequential || undefined,
      shared: shared || undefined,
      ...details,
    };
  }

  /** Kiln's own key, where it is written. */
  #kiln(): Document | undefined {
    const { hardeningExceptions, acknowledgements, network } = this.#compiled.recipe;
    const exceptions = hardeningExceptions.map(({ path, check, reason }) => ({
      path,
      check,
      reason,
    }));
    const document: Document = {
      hardening: exceptions.length === 0 ? undefined : { exceptions },
      acknowledge: list(acknowledgements.map(({ finding, reason }) => ({ finding, reason }))),
      network: network === undefined ? undefined : { reason: network },
    };
    return isEmpty(document) ? undefined : document;
  }
}

const tagFilterKeys = [
  'strip-prefix',
  'strip-suffix',
  'tag-filter-prefix',
  'tag-filter-contains',
] as const;

const scriptletOrder = [
  'pre-install',
  'post-install',
  'pre-deinstall',
  'post-deinstall',
  'pre-upgrade',
  'post-upgrade',
] as const;

function texts<K extends string>(
  record: Readonly<Record<K, string>>,
  keys: readonly K[],
): Document {
  return Object.fromEntries(keys.map((key) => [key, text(record[key])]));
}

function text(value: string): string | undefined {
  return value === '' ? undefined : value;
}

function list<T extends GoJsonValue>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values;
}

function saysSomething({ script, paths }: NonNullable<Scriptlets['trigger']>): boolean {
  return script !== '' || paths.length > 0;
}

function isEmpty(document: Document): boolean {
  return Object.values(document).every((value) => value === undefined);
}

/** Go's notation: `1h30m0s`, `45m0s`, `1.5s`, `20ms`. */
function printDuration(milliseconds: number): string {
  if (milliseconds < 0) return `-${printDuration(-milliseconds)}`;
  if (milliseconds < 1e-3) return `${Math.round(milliseconds * 1e6)}ns`;
  if (milliseconds < 1) return `${shortest(milliseconds * 1000)}µs`;
  if (milliseconds < 1000) return `${shortest(milliseconds)}ms`;
  const hours = Math.floor(milliseconds / 3_600_000);
  const minutes = Math.floor((milliseconds % 3_600_000) / 60_000);
  const seconds = shortest((milliseconds % 60_000) / 1000);
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}

/** Without the noise of floating-point numbers beyond nanoseconds. */
function shortest(count: number): string {
  return count.toFixed(9).replace(/\.?0+$/, '');
}
