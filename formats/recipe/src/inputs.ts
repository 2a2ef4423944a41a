import { KilnError, shorten, type Position } from '@kiln/base';
import type { Growth } from './growth.ts';
import type { Input, RecipeDialect } from './recipe.ts';
import { reference, substitute, substituteKnown, type Variables } from './substitute.ts';

export interface InputRequest {
  /** The pipeline's name, for messages. */
  readonly uses: string;
  readonly declared: Readonly<Record<string, Input>>;
  /** Whether an input that is not declared is refused. */
  readonly strict: boolean;
  readonly dialect: RecipeDialect;
  /** What the step passes, as written. */
  readonly passed: Readonly<Record<string, string>>;
  /** The variables of the step that uses the pipeline, its own inputs among them. */
  readonly enclosing: Variables;
  readonly position: Position;
  readonly growth: Growth;
}

const hexLengths: Readonly<Record<string, number>> = {
  'expected-sha256': 64,
  'expected-sha512': 128,
  'expected-commit': 40,
};

/**
 * The inputs of a reusable pipeline by name (packages.md 3.5): what is passed, in which `${{inputs.x}}` means the
 * enclosing pipeline's input, or else a sibling; for a declared one that is missing or empty its default. An input that names itself
 * is refused, but for melange has its own text there.
 * Throws `RECIPE_INPUT_INVALID` for one that is not declared, is required and empty, or is a digest or commit of the wrong
 * shape, `RECIPE_VARIABLE_UNKNOWN` and `RECIPE_TOO_LARGE`.
 */
export function resolveInputs(request: InputRequest): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [name, text] of Object.entries(request.passed)) {
    if (request.strict && !Object.hasOwn(request.declared, name)) {
      throw invalid(
        request,
        `pipeline "${request.uses}" has no input "${shorten(name)}"`,
        knownInputs(request),
      );
    }
    texts.set(name, text);
  }
  for (const [name, input] of Object.entries(request.declared)) {
    const text = texts.get(name) || input.default;
    if (input.required && text === '')
      throw invalid(
        request,
        `pipeline "${request.uses}" needs the input "${name}"`,
        'give it under "with"',
      );
    // What the enclosing scope knows comes first, so that an input may be forwarded under its own name.
    texts.set(name, substituteWhole(text, request.enclosing));
  }
  return new Siblings(texts, request).all();
}

/** All variables replaced, or the text as it is where one of them is unknown. */
function substituteWhole(text: string, variables: Variables): string {
  const names = [...text.matchAll(reference)].flatMap(([, name = '', close]) =>
    close === undefined ? [] : [name],
  );
  return names.every((name) => variables.get(name) !== undefined)
    ? substituteKnown(text, variables)
    : text;
}

/** Of inputs that name each other. */
const depthMax = 64;

/** Replaces the inputs that other inputs name. */
class Siblings {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #request: InputRequest;
  readonly #values = new Map<string, string>();
  readonly #open = new Set<string>();

  constructor(texts: ReadonlyMap<string, string>, request: InputRequest) {
    this.#texts = texts;
    this.#request = request;
  }

  all(): ReadonlyMap<string, string> {
    for (const name of this.#texts.keys()) this.#value(name);
    return this.#values;
  }

  #value(name: string): string | undefined {
    const text = this.#texts.get(name);
    const known = this.#values.get(name);
    if (text === undefined || known !== undefined) return known;
    const { position, enclosing, growth, dialect } = this.#request;
    if (this.#open.has(name))
      throw invalid(this.#request, `the input "${shorten(name)}" refers to itself`);
    if (this.#open.size > depthMax)
      throw invalid(this.#request, 'inputs name each other too deeply');
    this.#open.add(name);
    const get = (variable: string): string | undefined => {
      if (dialect === 'melange' && variable === `inputs.${name}`) return text;
      const sibling = variable.startsWith('inputs.')
        ? this.#value(variable.slice('inputs.'.length))
        : undefined;
      return sibling ?? enclosing.get(variable);
    };
    const value = substitute(text, { get }, { position, what: `the input "${shorten(name)}"` });
    if (Object.hasOwn(this.#request.declared, name)) checkShape(this.#request, name, value);
    this.#open.delete(name);
    this.#values.set(name, growth.text(value, position));
    return value;
  }
}

function checkShape(request: InputRequest, name: string, value: string): void {
  const length = Object.hasOwn(hexLengths, name) ? hexLengths[name] : undefined;
  if (length === undefined || value === '') return;
  if (value.length === length && /^[0-9a-f]+$/i.test(value)) return;
  throw invalid(
    request,
    `input "${name}" must be ${length} hexadecimal digits, got "${shorten(value)}"`,
  );
}

function knownInputs(request: InputRequest): string {
  const names = Object.keys(request.declared);
  return names.length === 0 ? 'it takes no inputs' : `its inputs: ${names.join(', ')}`;
}

function invalid(request: InputRequest, message: string, hint?: string): KilnError {
  return new KilnError('RECIPE_INPUT_INVALID', message, { position: request.position, hint });
}
