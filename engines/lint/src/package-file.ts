import { KilnError } from '@kiln/base';
import type { ApkPackage } from '@kiln/apk';
import { analyseTrees, treeOfPackage, type Dialect, type KeepContent } from '@kiln/build';
import { parseYaml, type YamlNode } from '@kiln/yaml';
import { packagePolicies, type LintPolicy } from './policy.ts';
import { lintPackage, type LintReport } from './report.ts';

export interface PackageFileRequest {
  /** A package whose data was not read yet. */
  readonly apk: Pick<ApkPackage, 'info' | 'control' | 'data'>;
  readonly policy: LintPolicy;
  /** Where contents are kept meanwhile; default in memory. */
  readonly keep?: KeepContent;
  /** Default `kiln`. */
  readonly dialect?: Dialect;
}

/**
 * Lints a finished package. Its `.melange.yaml` tells what its test is and what its recipe disables; melange does not
 * look at the latter. Throws what reading the package does.
 */
export async function lintPackageFile(request: PackageFileRequest): Promise<LintReport> {
  const { apk, dialect = 'kiln' } = request;
  const [subject] = await analyseTrees([await treeOfPackage(apk, request.keep)]);
  if (subject === undefined) throw new Error('assertion failed: a tree was lost');
  const recipe = recipeFacts(apk);
  const disabled = dialect === 'melange' ? [] : (recipe?.disabled ?? []);
  const [policy = request.policy] = packagePolicies({
    policy: request.policy,
    disabled: [disabled],
  });
  return lintPackage({
    ...subject,
    facts: { testPipelines: recipe?.testPipelines },
    policy,
    dialect,
  });
}

interface RecipeFacts {
  readonly testPipelines: readonly string[];
  readonly disabled: readonly string[];
}

/** What the package's own recipe says of it; undefined without one, and for one that is no YAML. */
function recipeFacts({ info, control }: PackageFileRequest['apk']): RecipeFacts | undefined {
  const file = control.find(({ entry }) => entry.path === '.melange.yaml');
  const recipe = file === undefined ? undefined : yamlOf(Buffer.from(file.content).toString());
  if (recipe === undefined) return undefined;
  const main = member(recipe, 'package');
  const isMain = textOf(member(main, 'name')) === info.name;
  const own = isMain
    ? undefined
    : itemsOf(member(recipe, 'subpackages')).find(
        (one) => textOf(member(one, 'name')) === info.name,
      );
  const test = member(isMain ? recipe : own, 'test');
  return {
    testPipelines: itemsOf(member(test, 'pipeline')).map((step) => textOf(member(step, 'uses'))),
    disabled: itemsOf(member(member(isMain ? main : own, 'checks'), 'disabled')).map(textOf),
  };
}

function yamlOf(text: string): YamlNode | undefined {
  try {
    return parseYaml(text, { file: '.melange.yaml', furtherDocuments: 'ignore' });
  } catch (error) {
    if (error instanceof KilnError && error.code === 'YAML_INVALID') return undefined;
    throw error;
  }
}

function member(node: YamlNode | undefined, name: string): YamlNode | undefined {
  return node?.kind === 'mapping' ? node.members.get(name)?.value : undefined;
}

function itemsOf(node: YamlNode | undefined): readonly YamlNode[] {
  return node?.kind === 'sequence' ? node.elements : [];
}

function textOf(node: YamlNode | undefined): string {
  return node?.kind === 'scalar' ? node.text : '';
}
