import { parseYaml, plainValue } from '@kiln/yaml';
import { readText, repositoryFiles } from './repository.ts';

export interface Pipeline {
  /** As `uses` names it. */
  readonly uses: string;
  readonly file: string;
  readonly name: string;
  readonly description: string;
  readonly needs: readonly string[];
  readonly inputs: readonly PipelineInput[];
  readonly steps: readonly PipelineStep[];
  /** Keys at the top of the file. */
  readonly keys: readonly string[];
}

export interface PipelineInput {
  readonly name: string;
  readonly description: string;
  readonly default: string;
  readonly required: boolean;
}

export interface PipelineStep {
  readonly name?: string;
  readonly uses?: string;
  readonly runs?: string;
}

interface RawPipeline {
  readonly name?: string;
  readonly description?: string;
  readonly needs?: { readonly packages?: readonly string[] };
  readonly inputs?: Readonly<Record<string, RawInput>>;
  readonly pipeline?: readonly PipelineStep[];
}

interface RawInput {
  readonly description?: string;
  readonly default?: string;
  readonly required?: string | boolean;
}

/** The pipelines of Kiln, in byte order of their names. */
export function pipelines(): readonly Pipeline[] {
  return repositoryFiles()
    .filter((file) => /^catalog\/pipelines\/.*\.yaml$/.test(file))
    .map(pipelineOf)
    .sort((a, b) => (a.uses < b.uses ? -1 : 1));
}

function pipelineOf(file: string): Pipeline {
  const raw = plainValue(parseYaml(readText(file), { file })) as RawPipeline;
  const inputs = Object.entries(raw.inputs ?? {}).map(([name, input]): PipelineInput => ({
    name,
    description: input.description ?? '',
    default: String(input.default ?? ''),
    required: String(input.required) === 'true',
  }));
  return {
    uses: file.replace(/^catalog\/pipelines\/|\.yaml$/g, ''),
    file,
    name: raw.name ?? '',
    description: raw.description ?? '',
    needs: raw.needs?.packages ?? [],
    inputs,
    steps: raw.pipeline ?? [],
    keys: Object.keys(raw),
  };
}

/** The reference of all pipelines, for `docs/pipelines.md`. */
export function pipelineReference(): string {
  const all = pipelines();
  const index = all.map(({ uses, name }) => `| [\`${uses}\`](#${anchorOf(uses)}) | ${name} |`);
  return [
    ['| Pipeline | What it is for |', '|---|---|', ...index].join('\n'),
    ...all.map(sectionOf),
  ].join('\n\n');
}

function sectionOf({ uses, description, needs, inputs }: Pipeline): string {
  const rows = inputs.map((input) => {
    const value = input.default === '' ? '' : `\`${input.default}\``;
    return `| \`${input.name}\` | ${input.required ? 'required' : value} | ${cell(input.description)} |`;
  });
  return [
    `### ${uses}`,
    description,
    `Needs ${needs.map((name) => `\`${name}\``).join(', ')}.`,
    ...(rows.length === 0
      ? []
      : [['| Input | Default | Meaning |', '|---|---|---|', ...rows].join('\n')]),
  ].join('\n\n');
}

function anchorOf(uses: string): string {
  return uses.toLowerCase().replaceAll('/', '');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
