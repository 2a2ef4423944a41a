import { parseYaml, plainValue } from '@kiln/yaml';
import { readText, repositoryFiles } from './repository.ts';

interface Pipeline {
  readonly inputs?: Readonly<
    Record<string, { readonly default?: string; readonly required?: boolean }>
  >;
}

/** The table of Kiln OS's pipelines with their inputs, for `docs/recipes.md`. */
export function pipelineTable(): string {
  const rows = repositoryFiles()
    .filter((file) => /^catalog\/pipelines\/.*\.yaml$/.test(file))
    .map((file) => {
      const { inputs = {} } = plainValue(parseYaml(readText(file), { file })) as Pipeline;
      const name = file.replace(/^catalog\/pipelines\/|\.yaml$/g, '');
      const cells = Object.entries(inputs).map(([input, facts]) => describe(input, facts));
      return `| \`${name}\` | ${cells.join(', ')} |`;
    });
  return ['| Pipeline | Inputs and their defaults |', '|---|---|', ...rows].join('\n');
}

function describe(
  name: string,
  facts: { readonly default?: string; readonly required?: boolean },
): string {
  if (facts.required === true) return `\`${name}\` (required)`;
  const value = facts.default ?? '';
  return value === '' ? `\`${name}\`` : `\`${name}\` = \`${value}\``;
}
