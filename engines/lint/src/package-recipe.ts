import type { ApkPackage } from '@kiln/apk';
import { KilnError } from '@kiln/base';
import { member, parseYaml, type YamlNode } from '@kiln/yaml';

/** The recipe that a package says it was made of, `.melange.yaml`; undefined without one, and for one that is no YAML. */
export function recipeIn(control: ApkPackage['control']): YamlNode | undefined {
  const file = control.find(({ entry }) => entry.path === '.melange.yaml');
  return file === undefined ? undefined : yamlOf(Buffer.from(file.content).toString());
}

function yamlOf(text: string): YamlNode | undefined {
  try {
    return parseYaml(text, { file: '.melange.yaml', furtherDocuments: 'ignore' });
  } catch (error) {
    if (error instanceof KilnError && error.code === 'YAML_INVALID') return undefined;
    throw error;
  }
}

/**
 * The full version that a package's recipe states, "" and epoch 0 where it states none; undefined without a recipe, and for
 * one whose package melange could not read.
 */
export function recipeVersionIn(control: ApkPackage['control']): string | undefined {
  const recipe = recipeIn(control);
  if (recipe?.kind !== 'mapping' || recipe.members.size === 0) return undefined;
  const main = member(recipe, 'package');
  const stated = ['name', 'version', 'epoch'].map((key) => member(main, key));
  const epoch = textOf(stated[2]) || '0';
  const readable = (main?.kind ?? 'mapping') === 'mapping' && stated.every(isText);
  return readable && /^[0-9]+$/.test(epoch) ? `${textOf(stated[1])}-r${epoch}` : undefined;
}

function isText(node: YamlNode | undefined): boolean {
  return node === undefined || node.kind === 'scalar';
}

export function textOf(node: YamlNode | undefined): string {
  return node?.kind === 'scalar' ? node.text : '';
}
