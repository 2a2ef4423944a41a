import { KilnError, shorten, type Position } from '@kiln/base';
import { requireLength } from './growth.ts';

/** What gives the value of a variable by its name. */
export interface Variables {
  get(name: string): string | undefined;
}

export const reference: RegExp = /\$\{\{[ \t\n\r]*([A-Za-z0-9._-]*)[ \t\n\r]*(\}\})?/g;

/** Counts what is put in for variables, so that it is refused before it is there. */
function counted(text: string, { what, position }: Partial<Place> = {}): (value: string) => string {
  let characters = text.length;
  return (value) => {
    characters += value.length;
    requireLength(characters, what ?? 'a text', position);
    return value;
  };
}

/**
 * Replaces the known `${{name}}` and leaves the others for a later pass. The result is not scanned again. Throws `RECIPE_TOO_LARGE`,
 * as all here do.
 */
export function substituteKnown(text: string, variables: Variables, place?: Place): string {
  if (!text.includes('${{')) return text;
  const count = counted(text, place);
  return text.replace(reference, (whole, name: string, close: string | undefined) =>
    close === undefined ? whole : count(variables.get(name) ?? whole),
  );
}

/** Longer ones have no value: there may be many beginnings of a name before one end. */
const nameCharactersMax = 4096;

/**
 * As `substituteKnown`, in the reference's way: names stand between the braces without blanks, whatever characters they have, and
 * the first one that ends is taken.
 */
export function substituteExact(text: string, variables: Variables, place?: Place): string {
  let replaced = '';
  let at = 0;
  let end = 0;
  const count = counted(text, place);
  for (;;) {
    const start = text.indexOf('${{', at);
    if (start >= end && end >= 0) end = text.indexOf('}}', start);
    if (start < 0 || end < 0) return replaced + text.slice(at);
    const isName = end - start <= nameCharactersMax;
    const value = isName ? variables.get(text.slice(start + 3, end)) : undefined;
    replaced += text.slice(at, start) + count(value ?? '$');
    at = value === undefined ? start + 1 : end + 2;
  }
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
  const count = counted(text, place);
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
          hint: 'correct its name, or define one of your own under vars',
        },
      );
    }
    return count(quote === undefined ? value : quote(value));
  });
}

/** A string of the condition language that means exactly this value, quoted as Go's `strconv.Quote` does. */
export function quoteForCondition(value: string): string {
  const escaped = value.replace(
    // oxlint-disable-next-line no-control-regex -- control characters are what this escapes
    /[\\"]|[\u0000-\u001f\u007f]|[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu,
    (c) => short[c] ?? (c === '\\' || c === '"' ? `\\${c}` : codeOf(c)),
  );
  return `"${escaped}"`;
}

const short: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

function codeOf(c: string): string {
  const code = c.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`;
  return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
}
