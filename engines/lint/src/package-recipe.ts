import type { ApkPackage } from '@kiln/apk';
import { KilnError } from '@kiln/base';
import { parseYaml, type YamlNode } from '@kiln/yaml';

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

export function textOf(node: YamlNode | undefined): string {
  return node?.kind === 'scalar' ? node.text : '';
}
