import { KilnError, shorten, type Position } from '@kiln/base';
import type { Growth } from './growth.ts';
import { replaceAllRe2 } from './re2.ts';
import type { VarTransform } from './recipe.ts';
import { substitute } from './substitute.ts';

export interface VarsRequest {
  readonly vars: Readonly<Record<string, string>>;
  readonly transforms: readonly VarTransform[];
  /** `package.*`: transforms may start from them, vars may not name them. */
  readonly known: ReadonlyMap<string, string>;
  /** Whether the vars that a var names are put into it: all of them, those above it alone, or none. */
  readonly references: 'followed' | 'earlier' | 'kept';
  readonly growth: Growth;
  positionOf(path: readonly PropertyKey[]): Position;
}

/**
 * The vars of a recipe under their full names (`vars.NAME`): those that are written, in which a var may name other vars,
 * and then each transform, in order, which may start from the results of those before it. Whatever else a var names, or a
 * circle of vars, is refused. Throws `RECIPE_INVALID`, `RECIPE_VARIABLE_UNKNOWN`, `RECIPE_REGEX_INVALID`, `RECIPE_TOO_LARGE`.
 */
export function resolveVars(request: VarsRequest): ReadonlyMap<string, string> {
  const resolved = new Map<string, string>();
  for (const [name, text] of Object.entries(request.vars)) {
    if (request.references === 'followed') {
      resolveVar(name, { request, resolved, open: [] });
    } else {
      const place = { position: request.positionOf(['vars', name]), what: `vars.${name}` };
      const value = request.references === 'kept' ? text : substitute(text, resolved, place);
      resolved.set(`vars.${name}`, request.growth.text(value, place.position));
    }
  }
  request.transforms.forEach((transform, index) => {
    const position = request.positionOf(['var-transforms', index]);
    const from = substitute(
      transform.from,
      { get: (name) => resolved.get(name) ?? request.known.get(name) },
      { position, what: `the transform to "${shorten(transform.to)}"` },
    );
    const value = replaceAllRe2(from, transform, { position, growth: request.growth });
    resolved.set(`vars.${transform.to}`, request.growth.text(value, position));
  });
  return resolved;
}

interface Resolution {
  readonly request: VarsRequest;
  readonly resolved: Map<string, string>;
  readonly open: readonly string[];
}

/** Of vars that name each other. */
const depthMax = 64;

function resolveVar(name: string, context: Resolution): string | undefined {
  const { vars, positionOf } = context.request;
  const text = Object.hasOwn(vars, name) ? vars[name] : undefined;
  const known = context.resolved.get(`vars.${name}`);
  if (text === undefined || known !== undefined) return known;
  const position = positionOf(['vars', name]);
  if (context.open.includes(name)) {
    throw new KilnError(
      'RECIPE_INVALID',
      `vars refer to each other in a circle: ${shorten([...context.open, name].join(' -> '))}`,
      { position },
    );
  }
  if (context.open.length > depthMax)
    throw new KilnError('RECIPE_INVALID', 'vars name each other too deeply', { position });
  const inner = { ...context, open: [...context.open, name] };
  const others = {
    get: (full: string) =>
      full.startsWith('vars.') ? resolveVar(full.slice('vars.'.length), inner) : undefined,
  };
  const value = substitute(text, others, { position, what: `vars.${name}` });
  context.resolved.set(`vars.${name}`, context.request.growth.text(value, position));
  return value;
}
