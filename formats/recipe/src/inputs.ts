import { KilnError, shorten, type Position } from '@kiln/base';
import type { Input } from './recipe.ts';
import { substitute, type Variables } from './substitute.ts';

export interface InputRequest {
  /** The pipeline's name, for messages. */
  readonly uses: string;
  readonly declared: Readonly<Record<string, Input>>;
  /** Inputs of the enclosing pipeline. */
  readonly inherited: ReadonlyMap<string, string>;
  /** What the step passes, already substituted in the enclosing scope. */
  readonly passed: Readonly<Record<string, string>>;
  /** The variables for defaults. */
  readonly variables: Variables;
  readonly position: Position;
}

const hexLengths: Readonly<Record<string, number>> = {
  'expected-sha256': 64,
  'expected-sha512': 128,
  'expected-commit': 40,
};

export interface ResolvedInputs {
  /** Every input by name. */
  readonly values: ReadonlyMap<string, string>;
  /**
   * Those that nested pipelines inherit and that the compiled step states: all but the ones that have a default without
   * variables as their value (the reference language lets a nested pipeline's own default win over those).
   */
  readonly stated: ReadonlyMap<string, string>;
}

/**
 * The inputs of a reusable pipeline: inherited, then passed, then for each declared one that is missing or empty its
 * default. Throws `RECIPE_INPUT_INVALID` for one that is not declared, is required and empty, or is a digest or commit
 * of the wrong shape.
 */
export function resolveInputs(request: InputRequest): ResolvedInputs {
  const inputs = new Map(request.inherited);
  const plainDefaults = new Set<string>();
  for (const [name, value] of Object.entries(request.passed)) {
    if (!Object.hasOwn(request.declared, name)) {
      throw invalid(
        request,
        `pipeline "${request.uses}" has no input "${shorten(name)}"`,
        knownInputs(request),
      );
    }
    inputs.set(name, value);
  }
  for (const [name, input] of Object.entries(request.declared)) {
    const given = inputs.get(name) ?? '';
    const value =
      given === ''
        ? substitute(input.default, request.variables, {
            position: request.position,
            what: `the default of input "${name}"`,
          })
        : given;
    if (given === '' && !input.default.includes('${{')) plainDefaults.add(name);
    if (value === '' && input.required) {
      throw invalid(request, `pipeline "${request.uses}" needs the input "${name}"`);
    }
    const length = hexLengths[name];
    if (
      length !== undefined &&
      value !== '' &&
      !(value.length === length && /^[0-9a-f]+$/i.test(value))
    ) {
      throw invalid(
        request,
        `input "${name}" must be ${length} hexadecimal digits, got "${shorten(value)}"`,
      );
    }
    inputs.set(name, value);
  }
  return {
    values: inputs,
    stated: new Map([...inputs].filter(([name]) => !plainDefaults.has(name))),
  };
}

function knownInputs(request: InputRequest): string {
  const names = Object.keys(request.declared);
  return names.length === 0 ? 'it takes no inputs' : `its inputs: ${names.join(', ')}`;
}

function invalid(request: InputRequest, message: string, hint?: string): KilnError {
  return new KilnError('RECIPE_INPUT_INVALID', message, { position: request.position, hint });
}
