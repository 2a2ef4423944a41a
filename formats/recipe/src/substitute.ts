import { KilnError, shorten, type Position } from '@kiln/base';

export type Variables = ReadonlyMap<string, string>;

const reference = /\$\{\{\s*([A-Za-z0-9._-]*)\s*(\}\})?/g;

/** Replaces the known `${{name}}` and leaves the others for a later pass. The result is not scanned again. */
export function substituteKnown(text: string, variables: Variables): string {
  if (!text.includes('${{')) return text;
  return text.replace(reference, (whole, name: string, close: string | undefined) =>
    close === undefined ? whole : (variables.get(name) ?? whole),
  );
}

export interface Place {
  readonly position: Position;
  /** What is being substituted, for the message: `runs`, `if`, `with.dir` … */
  readonly what: string;
}

/**
 * Replaces every `${{name}}`. Throws `RECIPE_VARIABLE_UNKNOWN` for a name that is not defined, `RECIPE_INVALID` for an
 * empty name or one that is not followed by `}}`.
 */
export function substitute(
  text: string,
  variables: Variables,
  place: Place,
  quote?: (value: string) => string,
): string {
  if (!text.includes('${{')) return text;
  return text.replace(reference, (_whole, name: string, close: string | undefined) => {
    if (close === undefined || name === '') {
      throw new KilnError('RECIPE_INVALID', `malformed variable after "\${{" in ${place.what}`, {
        position: place.position,
        hint: 'write ${{name}}; a literal "${{" cannot be written',
      });
    }
    const value = variables.get(name);
    if (value === undefined) {
      throw new KilnError(
        'RECIPE_VARIABLE_UNKNOWN',
        `unknown variable "${shorten(name)}" in ${place.what}`,
        {
          position: place.position,
        },
      );
    }
    return quote === undefined ? value : quote(value);
  });
}

/** A string of the condition language that means exactly this value. */
export function quoteForCondition(value: string): string {
  const escaped = value.replace(/[\\"\n\t]/g, (c) =>
    c === '\n' ? '\\n' : c === '\t' ? '\\t' : `\\${c}`,
  );
  return `"${escaped}"`;
}
