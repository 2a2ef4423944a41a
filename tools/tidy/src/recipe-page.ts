import { recipeJsonSchema } from '@kiln/recipe';

interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly allOf?: readonly Schema[];
}

/** `docs/recipe-reference.md`: every key of a recipe, from the schema that recipes are read with. */
export function recipePage(): string {
  return [
    '# Every key of a recipe',
    'Made from the schema that recipes are read with; `kiln package schema` prints it as JSON Schema. What the keys do together is told in [recipes](recipes.md).',
    '| Key | Value | Meaning |\n|---|---|---|\n'.concat(
      rowsOf(withSteps(recipeJsonSchema() as Schema), []).join('\n'),
    ),
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

/** The schema with what a step is written out where steps come first. */
function withSteps(schema: Schema): Schema {
  const { pipeline } = schema.properties ?? {};
  const step = Object.values(schema.$defs ?? {}).find(
    ({ properties }) => properties?.['uses'] !== undefined,
  );
  if (pipeline === undefined || step === undefined) throw new Error('a recipe without steps');
  return {
    ...schema,
    properties: { ...schema.properties, pipeline: { ...pipeline, items: step } },
  };
}

function rowsOf(schema: Schema, path: readonly string[]): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const here = [...path, name];
    const row = `| \`${here.join('.')}\` | ${kindOf(member)} | ${(member.description ?? '').replaceAll('|', '\\|')} |`;
    // Environments are image configurations: see there. Nested steps are steps.
    if (
      name === 'environment' &&
      path.length < 3 &&
      member.properties !== undefined &&
      here.join('.') !== 'options[].environment'
    )
      return [row];
    return [row, ...rowsOf(innerOf(member), listed(member) ? [...path, `${name}[]`] : here)];
  });
}

function listed({ items, additionalProperties }: Schema): boolean {
  return (
    items !== undefined ||
    (typeof additionalProperties === 'object' && additionalProperties.properties !== undefined)
  );
}

function innerOf(schema: Schema): Schema {
  if (schema.items !== undefined) return schema.items;
  const { additionalProperties } = schema;
  return typeof additionalProperties === 'object' ? additionalProperties : schema;
}

function kindOf(schema: Schema): string {
  if (schema.enum !== undefined)
    return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.items !== undefined) return 'list';
  if (typeof schema.type === 'object') return 'text';
  if (schema.type === 'object') return schema.properties === undefined ? 'map' : 'mapping';
  return schema.type ?? 'step';
}
