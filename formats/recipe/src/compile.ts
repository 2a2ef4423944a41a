import { KilnError, assert, messageOf, shorten, sortUnique } from '@kiln/base';
import { architectureVariables, type Architecture, type Libc } from './architecture.ts';
import type { CompiledRecipe, CompiledStep, CompiledSubpackage, CompiledTest } from './compiled.ts';
import { evaluateCondition } from './condition.ts';
import type { PipelineDefinition } from './decode.ts';
import { Growth } from './growth.ts';
import { resolveInputs } from './inputs.ts';
import {
  fullVersionOf,
  type Recipe,
  type RecipeDialect,
  type Step,
  type TestBlock,
} from './recipe.ts';
import { sourcesOf } from './sources.ts';
import { mapValues } from './step.ts';
import { quoteForCondition, substitute, substituteKnown, type Variables } from './substitute.ts';

export interface CompileOptions {
  readonly recipe: Recipe;
  readonly arch: Architecture;
  /** The definition of this name, or undefined when there is none. */
  readonly pipelines: (name: string) => PipelineDefinition | undefined;
  /** Flavour of `host.triplet.*`; default `gnu`. */
  readonly libc?: Libc;
  /**
   * Prints a script anew without comments, as the compiled form has it; throws for one that is no shell. Without it
   * scripts stay as they are written: for whoever needs the environment only.
   */
  readonly printScript?: (script: string) => string;
  /**
   * `later`: conditions of subpackages are not evaluated, and all are made, as `melange compile` does. Default `now`.
   */
  readonly subpackageConditions?: 'now' | 'later';
}

/**
 * Compiles a recipe for one architecture (packages.md section 5): conditions decided, pipelines instantiated, every
 * variable replaced, scripts printed anew, needs and sources collected. Throws `RECIPE_VARIABLE_UNKNOWN`,
 * `RECIPE_CONDITION_INVALID`, `RECIPE_PIPELINE_UNKNOWN`, `RECIPE_PIPELINE_CYCLE`, `RECIPE_INPUT_INVALID`,
 * `RECIPE_SHELL_SYNTAX`, `RECIPE_TOO_LARGE` and `RECIPE_INVALID`, each with its position.
 */
export function compileRecipe(options: CompileOptions): CompiledRecipe {
  const { recipe, arch } = options;
  const compiler = new Compiler(options);
  const pipeline = compiler.steps(recipe.pipeline, compiler.scope(recipe.package.name));
  const subpackages = recipe.subpackages.map((subpackage): CompiledSubpackage => ({
    ...subpackage,
    applies: compiler.applies(subpackage),
    pipeline: compiler.steps(subpackage.pipeline, compiler.scope(subpackage.name)),
    test: compiler.test(subpackage.test, subpackage.name),
  }));
  const needs = [pipeline, ...subpackages.map((subpackage) => subpackage.pipeline)].flatMap(
    needsOf,
  );
  const { environment } = recipe;
  const test = compiler.test(recipe.test, recipe.package.name);
  return {
    arch,
    recipe,
    package: recipe.package,
    environment: {
      ...environment,
      contents: {
        ...environment.contents,
        packages: [...environment.contents.packages, ...needs],
      },
    },
    pipeline,
    subpackages,
    test,
    sources: sourcesOf(pipeline, subpackages),
    readsArchitecture: compiler.readsArchitecture,
    hardeningExceptions: recipe.hardeningExceptions,
  };
}

/** Needs of the steps that apply, in order. */
function needsOf(steps: readonly CompiledStep[]): readonly string[] {
  return steps.flatMap((step) => (step.applies ? [...step.needs, ...needsOf(step.pipeline)] : []));
}

interface Scope {
  readonly variables: Variables;
  /** Names of the definitions being expanded. */
  readonly open: readonly string[];
  /** Whether the steps around apply. The reference does not evaluate conditions of steps inside of one that does not. */
  readonly live: boolean;
}

const depthMax = 32;

class Compiler {
  readonly #options: CompileOptions;
  readonly #architecture: ReadonlyMap<string, string>;
  readonly #common: ReadonlyMap<string, string>;
  readonly #growth: Growth;
  #readsArchitecture = false;

  constructor(options: CompileOptions) {
    this.#growth = new Growth(options.recipe.file);
    this.#options = options;
    this.#architecture = architectureVariables(options.arch, options.libc ?? 'gnu');
    this.#common = commonVariables(options);
  }

  get readsArchitecture(): boolean {
    return this.#readsArchitecture;
  }

  get #dialect(): RecipeDialect {
    return this.#options.recipe.dialect;
  }

  /** The variables while the pipeline of this package runs. */
  scope(packageName: string): Scope {
    const tree = treeOf(packageName);
    const own = new Map([
      ['targets.contextdir', tree],
      ['context.name', packageName],
    ]);
    if (packageName !== this.#options.recipe.package.name) {
      own.set('targets.subpkgdir', tree);
      own.set('subpkg.name', packageName);
    }
    return {
      variables: { get: (name) => own.get(name) ?? this.#value(name) },
      open: [],
      live: true,
    };
  }

  #value(name: string): string | undefined {
    const value = this.#common.get(name);
    if (value !== undefined) return value;
    const given = this.#architecture.get(name);
    if (given !== undefined) this.#readsArchitecture = true;
    return given;
  }

  /**
   * Whether a subpackage is made. The reference replaces the variables of the condition, to find unknown ones, and then
   * evaluates it as it was: a variable that is known now only counts as empty.
   */
  applies(subpackage: Recipe['subpackages'][number]): boolean {
    const { position } = subpackage;
    const replaced = this.#condition(subpackage.if, this.scope(subpackage.name), position);
    if (this.#options.subpackageConditions === 'later') return true;
    return evaluateCondition(this.#dialect === 'melange' ? subpackage.if : replaced, position);
  }

  test(test: TestBlock | undefined, packageName: string): CompiledTest | undefined {
    if (test === undefined) return undefined;
    const pipeline = this.steps(test.pipeline, this.scope(packageName));
    const { contents } = test.environment;
    return {
      environment: {
        ...test.environment,
        contents: {
          ...contents,
          packages: sortUnique([...contents.packages, ...needsOf(pipeline), packageName]),
        },
      },
      pipeline,
      pipelineWritten: test.pipelineWritten,
    };
  }

  steps(steps: readonly Step[], scope: Scope): readonly CompiledStep[] {
    return steps.map((step) => this.#step(step, scope));
  }

  #step(written: Step, enclosing: Scope): CompiledStep {
    if (enclosing.open.length > depthMax) {
      throw new KilnError('RECIPE_INVALID', 'steps are nested too deeply', {
        position: written.position,
      });
    }
    this.#growth.part(written.position);
    this.#checkVersion(enclosing.variables);
    // In a recipe that is compiled already, `uses` is for information only.
    const instantiates = written.uses !== '' && written.pipeline.length === 0;
    const definition = instantiates ? this.#definition(written, enclosing) : undefined;
    const step = definition === undefined ? written : overlay(written, definition);
    const inputs = resolveInputs({
      uses: step.uses,
      declared: step.inputs,
      strict: instantiates,
      dialect: this.#dialect,
      passed: step.with,
      enclosing: enclosing.variables,
      position: step.position,
      growth: this.#growth,
    });
    const { variables } = enclosing;
    const nested = enclosing.open.length > 0;
    const stated = nested || Object.keys(step.with).length > 0 ? statedInputs(step, inputs) : {};
    // The reference decodes this over the step too, and then only shows it.
    const shown = this.#dialect === 'melange' ? definition?.uses || step.uses : step.uses;
    return this.#compiled({ ...step, uses: shown }, stated, {
      variables:
        inputs.size === 0
          ? variables
          : {
              get: (name) =>
                (name.startsWith('inputs.')
                  ? inputs.get(name.slice('inputs.'.length))
                  : undefined) ?? variables.get(name),
            },
      open: [...enclosing.open, instantiates ? written.uses : ''],
      live: enclosing.live,
    });
  }

  /** Wherever a step is, the reference looks for the variables that a version was left with. */
  #checkVersion(variables: Variables): void {
    const { version, position } = this.#options.recipe.package;
    if (this.#dialect === 'melange')
      substitute(version, variables, { position, what: 'the version' });
  }

  #definition(step: Step, scope: Scope): Step {
    const { position, uses } = step;
    if (uses.includes('..') || uses.split('/').includes('')) {
      throw new KilnError('RECIPE_INVALID', `not a pipeline name: "${shorten(uses)}"`, {
        position,
      });
    }
    if (scope.open.includes(uses)) {
      throw new KilnError(
        'RECIPE_PIPELINE_CYCLE',
        `pipelines use each other in a circle: ${shorten([...scope.open.filter((name) => name !== ''), uses].join(' -> '), 200)}`,
        { position, hint: 'one of them has to do without the next' },
      );
    }
    const definition = this.#options.pipelines(uses);
    if (definition === undefined) {
      throw new KilnError('RECIPE_PIPELINE_UNKNOWN', `unknown pipeline "${shorten(uses)}"`, {
        position,
        hint: `correct the name, or add ${uses}.yaml to a folder of pipelines: that of the catalog, or one of --pipeline-dir`,
      });
    }
    return definition.step;
  }

  #compiled(step: Step, stated: Readonly<Record<string, string>>, scope: Scope): CompiledStep {
    const at =
      (what: string): ((text: string) => string) =>
      (text) =>
        this.#growth.text(
          substitute(text, scope.variables, { position: step.position, what }),
          step.position,
        );
    const condition = this.#condition(step.if, scope, step.position);
    const workingDirectory = at('working-directory')(step.workingDirectory);
    // The reference leaves names and variables as they are.
    const melange = this.#dialect === 'melange';
    const runs = this.#print(at('runs')(step.runs), step);
    const live = scope.live || !melange;
    const applies = live && evaluateCondition(condition, step.position);
    return {
      name: melange ? step.name : substituteKnown(step.name, scope.variables),
      uses: step.uses,
      with: stated,
      runs,
      pipeline: this.steps(inheritDirectory(step.pipeline, workingDirectory), {
        ...scope,
        live: applies,
      }),
      if: condition,
      applies,
      workingDirectory,
      environment: melange ? step.environment : mapValues(step.environment, at('environment')),
      needs: (step.needs ?? []).map(at('needs')),
      needsWritten: step.needs !== undefined,
      needsListed: step.needsListed,
      requiredSteps: step.requiredSteps,
      label: step.label,
      position: step.position,
    };
  }

  #condition(text: string, scope: Scope, position: Step['position']): string {
    const place = { position, what: 'if' };
    return this.#growth.text(substitute(text, scope.variables, place, quoteForCondition), position);
  }

  #print(script: string, step: Step): string {
    const { printScript } = this.#options;
    if (script === '' || printScript === undefined) return script;
    try {
      return printScript(script);
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      throw new KilnError('RECIPE_SHELL_SYNTAX', messageOf(error), {
        position: step.position,
        hint: error.hint,
        cause: error,
      });
    }
  }
}

/**
 * The inputs whose value is not the text of their default: what the compiled form states, unless a step at the top passes
 * none at all.
 */
function statedInputs(
  step: Step,
  inputs: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...inputs].filter(([name, value]) => {
      const declared = Object.hasOwn(step.inputs, name) ? step.inputs[name] : undefined;
      return value !== (declared?.default ?? '');
    }),
  );
}

/** A definition decoded over the step that uses it: what it does not write, the step keeps. */
function overlay(step: Step, definition: Step): Step {
  return {
    ...step,
    if: definition.if === '' ? step.if : definition.if,
    workingDirectory:
      definition.workingDirectory === '' ? step.workingDirectory : definition.workingDirectory,
    environment: { ...step.environment, ...definition.environment },
    inputs: { ...step.inputs, ...definition.inputs },
    needs: definition.needs ?? step.needs,
    needsListed: (definition.needs === undefined ? step : definition).needsListed,
    runs: definition.runs,
    requiredSteps: definition.requiredSteps ?? step.requiredSteps,
    label: definition.label === '' ? step.label : definition.label,
    pipeline: definition.pipeline,
  };
}

function inheritDirectory(steps: readonly Step[], inherited: string): readonly Step[] {
  if (inherited === '') return steps;
  return steps.map((step) =>
    step.workingDirectory === '' ? { ...step, workingDirectory: inherited } : step,
  );
}

const workspacePath = '/home/build';

function treeOf(packageName: string): string {
  return `${workspacePath}/melange-out/${packageName}`;
}

/** The variables of all packages of a recipe that do not depend on the architecture. */
function commonVariables({ recipe }: CompileOptions): ReadonlyMap<string, string> {
  const origin = recipe.package;
  assert(origin.name !== '', 'a recipe has a name');
  return new Map([
    ...recipe.variables,
    ['package.name', origin.name],
    ['package.version', origin.version],
    ['package.epoch', String(origin.epoch)],
    ['package.full-version', fullVersionOf(origin)],
    ...(recipe.dialect === 'kiln' ? [['package.description', origin.description] as const] : []),
    ['package.srcdir', workspacePath],
    ['targets.outdir', `${workspacePath}/melange-out`],
    ['targets.destdir', treeOf(origin.name)],
    ...[origin.name, ...recipe.subpackages.map(({ name }) => name)].map(
      (name) => [`targets.package.${name}`, treeOf(name)] as const,
    ),
    ...Object.keys(recipe.options).map(
      (name) => [`options.${name}.enabled`, String(recipe.optionsEnabled.includes(name))] as const,
    ),
    ...recipe.optionsEnabled.map((name) => [`options.${name}.enabled`, 'true'] as const),
  ] as readonly (readonly [string, string])[]);
}
