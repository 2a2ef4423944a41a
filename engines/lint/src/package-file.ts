import type { ApkPackage } from '@kiln/apk';
import { analyseTrees, treeOfPackage, type Dialect, type KeepContent } from '@kiln/build';
import { elements, member } from '@kiln/yaml';
import { packagePolicies, type LintPolicy } from './policy.ts';
import { recipeIn, textOf } from './package-recipe.ts';
import { lintPackage, type LintReport } from './report.ts';

export interface PackageFileRequest {
  /** A package whose data was not read yet. */
  readonly apk: Pick<ApkPackage, 'info' | 'control' | 'data'>;
  readonly policy: LintPolicy;
  /** Where contents are kept meanwhile; default in memory. */
  readonly keep?: KeepContent;
  /** Default `kiln`. */
  readonly dialect?: Dialect;
  /** Default true: findings say where a package has no recipe. False: it counts as one whose recipe has no tests. */
  readonly tellsMissingRecipe?: boolean;
}

/**
 * Lints a finished package. Its `.melange.yaml` tells what its test is and what its recipe disables; melange does not
 * look at the latter. Throws what reading the package does.
 */
export async function lintPackageFile(request: PackageFileRequest): Promise<LintReport> {
  const { apk, dialect = 'kiln', tellsMissingRecipe = true } = request;
  const [subject] = await analyseTrees([await treeOfPackage(apk, request.keep)], dialect);
  if (subject === undefined) throw new Error('assertion failed: a tree was lost');
  const recipe = recipeFacts(apk);
  const disabled = dialect === 'melange' ? [] : (recipe?.disabled ?? []);
  const [policy = request.policy] = packagePolicies({
    policy: request.policy,
    disabled: [disabled],
  });
  return lintPackage({
    ...subject,
    facts: { testPipelines: recipe?.testPipelines ?? (tellsMissingRecipe ? undefined : []) },
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
  const recipe = recipeIn(control);
  if (recipe === undefined) return undefined;
  const main = member(recipe, 'package');
  const isMain = textOf(member(main, 'name')) === info.name;
  const own = isMain
    ? undefined
    : elements(member(recipe, 'subpackages')).find(
        (one) => textOf(member(one, 'name')) === info.name,
      );
  const test = member(isMain ? recipe : own, 'test');
  return {
    testPipelines: elements(member(test, 'pipeline')).map((step) => textOf(member(step, 'uses'))),
    disabled: elements(member(member(isMain ? main : own, 'checks'), 'disabled')).map(textOf),
  };
}
