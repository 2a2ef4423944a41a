import { KilnError, assert, shorten, sortUnique } from '@kiln/base';
import { architectureVariables, type Architecture, type Libc } from './architecture.ts';
import type { CompiledRecipe, CompiledStep, CompiledSubpackage, CompiledTest } from './compiled.ts';
import { evaluateCondition } from './condition.ts';
import { resolveInputs } from './inputs.ts';
import type { PipelineDefinition } from './parse.ts';
import { fullVersionOf, type Recipe, type Step, type TestBlock } from './recipe.ts';
import { sourcesOf } from './sources.ts';
import { mapValues } from './step.ts';
import { quoteForCondition, substitute, type Variables } from './substitute.ts';

export interface CompileOptions {
  readonly recipe: Recipe;
  readonly arch: Architecture;
  /** The definition of this name, or undefined when there is none. */
  readonly pipelines: (name: string) => PipelineDefinition | undefined;
  /** Flavour of `host.triplet.*`; default `gnu`. */
  readonly libc?: Libc;
}

/**
 * Compiles a recipe for one architecture: conditions decided, pipelines instantiated, every variable replaced, needs and
 * sources collected. Throws `RECIPE_VARIABLE_UNKNOWN`, `RECIPE_CONDITION_INVALID`, `RECIPE_PIPELINE_UNKNOWN`,
 * `RECIPE_PIPELINE_CYCLE`, `RECIPE_INPUT_INVALID` and `RECIPE_INVALID`, each with its position.
 */
export function compileRecipe(options: CompileOptions): CompiledRecipe {
  const { recipe, arch } = options;
  const compiler = new Compiler(options);
  const pipeline = compiler.steps(recipe.pipeline, compiler.scope(recipe.package.name));
  const subpackages = recipe.subpackages.map((subpackage): CompiledSubpackage => {
    const scope = compiler.scope(subpackage.name);
    const place = { position: subpackage.position, what: 'if' };
    const condition = substitute(subpackage.if, scope.variables, place, quoteForCondition);
    return {
      ...subpackage,
      if: condition,
      applies: evaluateCondition(condition, subpackage.position),
      pipeline: compiler.steps(subpackage.pipeline, scope),
      test: compiler.test(subpackage.test, subpackage.name),
    };
  });
  const needs = [pipeline, ...subpackages.map((subpackage) => subpackage.pipeline)].flatMap(
    needsOf,
  );
  return {
    arch,
    recipe,
    package: recipe.package,
    environment: {
      packages: [...new Set([...recipe.environment.packages, ...needs])],
      variables: recipe.environment.variables,
    },
    pipeline,
    subpackages,
    test: compiler.test(recipe.test, recipe.package.name),
    sources: sourcesOf(pipeline, subpackages),
    hardeningExceptions: recipe.hardeningExceptions,
  };
}

/** Needs of the steps that apply, in order. */
function needsOf(steps: readonly CompiledStep[]): readonly string[] {
  return steps.flatMap((step) => (step.applies ? [...step.needs, ...needsOf(step.pipeline)] : []));
}

interface Scope {
  readonly variables: Variables;
  readonly inputs: ReadonlyMap<string, string>;
  /** Names of the definitions being expanded. */
  readonly open: readonly string[];
}

const depthMax = 32;

class Compiler {
  readonly #options: CompileOptions;
  readonly #common: ReadonlyMap<string, string>;

  constructor(options: CompileOptions) {
    this.#options = options;
    this.#common = commonVariables(options);
  }

  /** The variables while the pipeline of this package runs. */
  scope(packageName: string): Scope {
    const tree = treeOf(packageName);
    const variables = new Map([
      ...this.#common,
      ['targets.contextdir', tree],
      ['context.name', packageName],
      ...(packageName === this.#options.recipe.package.name
        ? []
        : ([
            ['targets.subpkgdir', tree],
            ['subpkg.name', packageName],
          ] as const)),
    ] as readonly (readonly [string, string])[]);
    return { variables, inputs: new Map(), open: [] };
  }

  test(test: TestBlock | undefined, packageName: string): CompiledTest | undefined {
    if (test === undefined) return undefined;
    const pipeline = this.steps(test.pipeline, this.scope(packageName));
    return {
      environment: {
        packages: sortUnique([packageName, ...test.environment.packages, ...needsOf(pipeline)]),
        variables: test.environment.variables,
      },
      pipeline,
    };
  }

  steps(steps: readonly Step[], scope: Scope): readonly CompiledStep[] {
    return steps.map((step) => this.#step(step, scope));
  }

  #step(step: Step, enclosing: Scope): CompiledStep {
    if (enclosing.open.length > depthMax) {
      throw new KilnError('RECIPE_INVALID', 'steps are nested too deeply', {
        position: step.position,
      });
    }
    if (step.uses === '' || step.pipeline.length > 0)
      return this.#compiled(step, step.with, enclosing);
    const definition = this.#definition(step, enclosing);
    const passed = mapValues(step.with, (value) =>
      substitute(value, enclosing.variables, {
        position: step.position,
        what: `with of "${step.uses}"`,
      }),
    );
    const inputs = resolveInputs({
      uses: step.uses,
      declared: definition.inputs,
      inherited: enclosing.inputs,
      passed,
      variables: enclosing.variables,
      position: step.position,
    });
    const scope = {
      variables: new Map([
        ...enclosing.variables,
        ...[...inputs.values].map(([name, value]) => [`inputs.${name}`, value] as const),
      ]),
      inputs: inputs.stated,
      open: [...enclosing.open, step.uses],
    };
    const own = [...inputs.stated].filter(
      ([name, value]) => value !== '' && Object.hasOwn(definition.inputs, name),
    );
    return this.#compiled(overlay(step, definition), Object.fromEntries(own), scope);
  }

  #definition(step: Step, scope: Scope): Step {
    const { position, uses } = step;
    if (uses.startsWith('/') || uses.split('/').some((part) => part === '..' || part === '')) {
      throw new KilnError('RECIPE_INVALID', `not a pipeline name: "${shorten(uses)}"`, {
        position,
      });
    }
    if (scope.open.includes(uses)) {
      throw new KilnError(
        'RECIPE_PIPELINE_CYCLE',
        `pipelines use each other in a circle: ${shorten([...scope.open.filter((name) => name !== ''), uses].join(' -> '), 200)}`,
        { position },
      );
    }
    const definition = this.#options.pipelines(uses);
    if (definition === undefined) {
      throw new KilnError('RECIPE_PIPELINE_UNKNOWN', `unknown pipeline "${shorten(uses)}"`, {
        position,
        hint: `add pipelines/${uses}.yaml to the catalog or correct the name`,
      });
    }
    return definition.step;
  }

  #compiled(step: Step, inputs: Readonly<Record<string, string>>, scope: Scope): CompiledStep {
    const at =
      (what: string): ((text: string) => string) =>
      (text) =>
        substitute(text, scope.variables, { position: step.position, what });
    const condition = substitute(
      step.if,
      scope.variables,
      { position: step.position, what: 'if' },
      quoteForCondition,
    );
    return {
      name: at('name')(step.name),
      uses: step.uses,
      with: inputs,
      runs: at('runs')(step.runs),
      pipeline: this.steps(step.pipeline, { ...scope, open: [...scope.open, ''] }),
      if: condition,
      applies: evaluateCondition(condition, step.position),
      workingDirectory: at('working-directory')(step.workingDirectory),
      environment: mapValues(step.environment, at('environment')),
      needs: step.needs.map(at('needs')),
      requiredSteps: step.requiredSteps,
      label: step.label,
      position: step.position,
    };
  }
}

/** A definition decoded over the step that uses it; the step's working directory reaches the definition's own steps. */
function overlay(step: Step, definition: Step): Step {
  const workingDirectory =
    definition.workingDirectory === '' ? step.workingDirectory : definition.workingDirectory;
  return {
    ...step,
    if: definition.if === '' ? step.if : definition.if,
    workingDirectory,
    environment: { ...step.environment, ...definition.environment },
    inputs: definition.inputs,
    needs: definition.needs,
    runs: definition.runs,
    requiredSteps: definition.requiredSteps ?? step.requiredSteps,
    pipeline: inheritDirectory(definition.pipeline, workingDirectory),
  };
}

function inheritDirectory(steps: readonly Step[], inherited: string): readonly Step[] {
  return steps.map((step) => {
    const workingDirectory = step.workingDirectory === '' ? inherited : step.workingDirectory;
    return {
      ...step,
      workingDirectory,
      pipeline: inheritDirectory(step.pipeline, workingDirectory),
    };
  });
}

const workspacePath = '/home/build';

function treeOf(packageName: string): string {
  return `${workspacePath}/melange-out/${packageName}`;
}

function commonVariables({ recipe, arch, libc }: CompileOptions): ReadonlyMap<string, string> {
  const origin = recipe.package;
  assert(origin.name !== '', 'a recipe has a name');
  return new Map([
    ...architectureVariables(arch, libc ?? 'gnu'),
    ...Object.entries(recipe.vars).map(([name, value]) => [`vars.${name}`, value] as const),
    ['package.name', origin.name],
    ['package.version', origin.version],
    ['package.epoch', String(origin.epoch)],
    ['package.full-version', fullVersionOf(origin)],
    ['package.description', origin.description],
    ['package.srcdir', workspacePath],
    ['targets.outdir', `${workspacePath}/melange-out`],
    ['targets.destdir', treeOf(origin.name)],
    ...[origin.name, ...recipe.subpackages.map(({ name }) => name)].map(
      (name) => [`targets.package.${name}`, treeOf(name)] as const,
    ),
  ]);
}
