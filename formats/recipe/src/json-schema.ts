import { z } from 'zod';
import { recipeSchema } from './schema.ts';

/** The schema of recipes as JSON Schema (draft 2020-12), for editors: from the one that recipes are read with. */
export function recipeJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(recipeSchema, { io: 'input', unrepresentable: 'any' });
  const document = closed(schema) as Readonly<Record<string, unknown>>;
  return { ...document, title: 'A recipe of melange, as Kiln reads it' };
}

/**
 * Objects that list their members take no others, as the decoder is strict; and a text may be written as any scalar, since
 * the decoder keeps its source.
 */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'propertyNames' ? member : closed(member),
    ]),
  );
  if ('properties' in members && !('additionalProperties' in members))
    members['additionalProperties'] = false;
  if (members['type'] === 'string' && !('enum' in members))
    members['type'] = ['string', 'number', 'boolean', 'null'];
  return members;
}
