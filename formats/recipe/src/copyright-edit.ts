import { KilnError, type Position } from '@kiln/base';
import { member, parseYaml, plainValue, printYaml, type YamlNode } from '@kiln/yaml';
import type { RecipeDialect } from './recipe.ts';

export interface CopyrightEntry {
  readonly license: string;
  /** Of the text, in the workspace; undefined: the entry speaks of no file. */
  readonly licensePath: string | undefined;
}

/**
 * The text of a recipe with other entries under `package.copyright`, in block style; everything else keeps its bytes, but
 * comments within the old entries go with them. Throws as `parseYaml`, and `YAML_NOT_EDITABLE` where the recipe has no such
 * key, or it does not stand alone in its line.
 */
export function withCopyright(
  text: string,
  entries: readonly CopyrightEntry[],
  { file, dialect }: { readonly file: string; readonly dialect: RecipeDialect },
): string {
  const furtherDocuments = dialect === 'melange' ? 'ignore' : 'refuse';
  const root = parseYaml(text, { file, furtherDocuments });
  const facts = member(root, 'package');
  const key = facts?.kind === 'mapping' ? facts.members.get('copyright')?.key : undefined;
  if (key === undefined) throw notEditable('the recipe has no copyright', root.position);
  const value = entries.map(({ license, licensePath }) => ({
    license,
    'license-path': licensePath,
  }));
  const next = replaceBlock(text, key.position, value);
  const made = parseYaml(next, { file, furtherDocuments });
  if (!sameBut(root, made, value))
    throw notEditable(
      'the copyright of the recipe cannot be told from what is around it',
      key.position,
    );
  return next;
}

/** The lines of a key and of what is indented more, blank lines and comments behind it not among them. */
function replaceBlock(text: string, { line, column }: Position, value: unknown): string {
  const lines = text.split('\n');
  const indent = (lines[line - 1] ?? '').slice(0, column - 1);
  if (indent.trim() !== '') return text;
  let end = line;
  for (let at = line; at < lines.length; at++) {
    const found = lines[at] ?? '';
    const margin = found.length - found.trimStart().length;
    if (/^\s*(?:#.*)?\r?$/.test(found)) {
      if (margin > indent.length) end = at + 1;
      continue;
    }
    const isItem = margin === indent.length && /^-(?:\s|$)/.test(found.slice(margin));
    if (margin <= indent.length && !isItem) break;
    end = at + 1;
  }
  const printed = printYaml({ copyright: value }).trimEnd().split('\n');
  return [
    ...lines.slice(0, line - 1),
    ...printed.map((one) => `${indent}${one}`),
    ...lines.slice(end),
  ].join('\n');
}

/** Whether both mean the same but for the copyright, which the second one has as it should be. */
function sameBut(before: YamlNode, after: YamlNode, value: unknown): boolean {
  const without = (node: YamlNode): string =>
    JSON.stringify(plainValue(node), (name, member: unknown) =>
      name === 'copyright' ? undefined : member,
    );
  const made = member(member(after, 'package'), 'copyright');
  return (
    without(before) === without(after) &&
    made !== undefined &&
    JSON.stringify(plainValue(made)) === JSON.stringify(value)
  );
}

function notEditable(problem: string, position: Position): KilnError {
  return new KilnError('YAML_NOT_EDITABLE', problem, {
    position,
    hint: 'write a list of licences under package.copyright by hand',
  });
}
