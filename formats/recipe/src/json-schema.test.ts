import { expect, test } from 'vitest';
import { recipeJsonSchema } from './json-schema.ts';

interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
}

test('the JSON Schema is closed where the decoder is strict, and describes every key', () => {
  const open: string[] = [];
  const walk = (schema: Schema, path: string): void => {
    if (schema.properties !== undefined && schema.additionalProperties !== false)
      open.push(`${path} takes any member`);
    for (const [name, member] of Object.entries(schema.properties ?? {})) {
      // The image configuration is described by its own format.
      if (member.description === undefined && !path.includes('environment'))
        open.push(`${path}.${name} is not described`);
      walk(member, `${path}.${name}`);
    }
    if (schema.items !== undefined) walk(schema.items, `${path}[]`);
  };
  walk(recipeJsonSchema() as Schema, 'recipe');
  expect(open).toEqual([]);
});

test('a text may be written as any scalar', () => {
  const schema = recipeJsonSchema() as Schema;
  expect(schema.properties?.['package']?.properties?.['version']?.type).toEqual([
    'string',
    'number',
    'boolean',
    'null',
  ]);
});
