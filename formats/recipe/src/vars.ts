import { KilnError, shorten, type Position } from '@kiln/base';
import { substitute } from './substitute.ts';

/**
 * The `vars` of a recipe under their full names (`vars.NAME`). A var may name other vars; whatever else it names, or a
 * circle of vars, is refused.
 */
export function resolveVars(
  vars: Readonly<Record<string, string>>,
  positionOf: (name: string) => Position,
): ReadonlyMap<string, string> {
  const resolved = new Map<string, string>();
  for (const name of Object.keys(vars)) resolveVar(name, { vars, positionOf, resolved, open: [] });
  return resolved;
}

interface Resolution {
  readonly vars: Readonly<Record<string, string>>;
  readonly positionOf: (name: string) => Position;
  readonly resolved: Map<string, string>;
  readonly open: readonly string[];
}

function resolveVar(name: string, context: Resolution): string | undefined {
  const text = context.vars[name];
  const known = context.resolved.get(`vars.${name}`);
  if (text === undefined || known !== undefined) return known;
  const position = context.positionOf(name);
  if (context.open.includes(name)) {
    throw new KilnError(
      'RECIPE_INVALID',
      `vars refer to each other in a circle: ${shorten([...context.open, name].join(' -> '))}`,
      {
        position,
      },
    );
  }
  const inner = { ...context, open: [...context.open, name] };
  const others = {
    get: (full: string) =>
      full.startsWith('vars.') ? resolveVar(full.slice('vars.'.length), inner) : undefined,
  } as ReadonlyMap<string, string>;
  const value = substitute(text, others, { position, what: `vars.${name}` });
  context.resolved.set(`vars.${name}`, value);
  return value;
}
