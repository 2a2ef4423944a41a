import { printPackageInfo, readPackage, type ApkPackage, type PackageInfo } from '@kiln/apk';
import { KeptFiles } from '@kiln/apk-files';
import { KilnError, shorten } from '@kiln/base';
import {
  analyseTrees,
  relationsOf,
  treeOfPackage,
  type AnalysedTree,
  type KeepContent,
  type LibraryVersions,
} from '@kiln/build';
import { priorityOf } from '@kiln/recipe';
import type { OriginFacts, Recipe, RecipeDialect, Subpackage } from '@kiln/recipe';
import { fullVersionOf } from '@kiln/recipe';
import { unifiedDiff } from './unified-diff.ts';

/** Opens a package file by its name; undefined when there is none. */
export type OpenPackage = (fileName: string) => Promise<AsyncIterable<Uint8Array> | undefined>;

export interface ScanRequest {
  readonly recipe: Recipe;
  readonly open: OpenPackage;
  /** The maintainer; undefined leaves that of the package. */
  readonly namespace: string | undefined;
}

export interface ScannedPackage {
  readonly name: string;
  /** `<name>-<full version>.apk`. */
  readonly fileName: string;
  /** The text of `.PKGINFO` in the package. */
  readonly present: string;
  /** What it would be, were it built of this recipe. */
  readonly generated: string;
  readonly warnings: readonly string[];
}

export interface Scan {
  /** Subpackages in order, then the main package. */
  readonly packages: readonly ScannedPackage[];
  /** Subpackages without a file. */
  readonly missing: readonly string[];
}

/**
 * Makes `.PKGINFO` anew for the packages of a recipe, from the recipe and the files in them; architecture, sizes, digests,
 * build time and commit are those of the packages. Signatures are not verified, data digests are. A subpackage without a
 * file is left out. melange has no dependencies on versions of libraries here; Kiln keeps those that the package has.
 * Throws `SCAN_PACKAGE_NOT_FOUND` for the main package, and what reading packages does.
 */
export async function scanRecipe({ recipe, open, namespace }: ScanRequest): Promise<Scan> {
  const version = fullVersionOf(recipe.package);
  await using kept = await KeptFiles.open();
  const found: Opened[] = [];
  const missing: string[] = [];
  for (const facts of [recipe.package, ...recipe.subpackages]) {
    const opened = await openOne(facts, {
      version,
      open,
      keep: kept.keep,
      dialect: recipe.dialect,
    });
    if (opened !== undefined) found.push(opened);
    else if (facts === recipe.package) throw notFound(`${facts.name}-${version}.apk`);
    else missing.push(facts.name);
  }
  const [main, ...others] = found;
  const relatives = found.map(({ analysed }) => analysed);
  const packages: ScannedPackage[] = [];
  for (const one of main === undefined ? others : [...others, main])
    packages.push(await scanOne(one, { recipe, relatives, version, namespace }));
  return { packages, missing };
}

/** How a package differs from what its recipe makes of it now, in unified form; "" where it does not. */
export function scanDiff(
  scanned: ScannedPackage,
  { recipeName, comments }: { readonly recipeName: string; readonly comments: boolean },
): string {
  const lines = (text: string): readonly string[] =>
    text
      .replace(/\n$/, '')
      .split('\n')
      .filter((line) => comments || !line.startsWith('#'));
  return unifiedDiff(
    { name: scanned.fileName, lines: lines(scanned.present) },
    { name: recipeName, lines: lines(scanned.generated) },
  );
}

interface Opened {
  readonly facts: OriginFacts | Subpackage;
  readonly fileName: string;
  readonly info: PackageInfo;
  readonly present: string;
  readonly analysed: AnalysedTree;
}

async function openOne(
  facts: OriginFacts | Subpackage,
  from: {
    readonly version: string;
    readonly open: OpenPackage;
    readonly keep: KeepContent;
    readonly dialect: RecipeDialect;
  },
): Promise<Opened | undefined> {
  const fileName = `${facts.name}-${from.version}.apk`;
  const bytes = await from.open(fileName);
  if (bytes === undefined) return undefined;
  // The files in it never touch the disk under their names.
  const apk = await readPackage(bytes, {
    links: 'any',
    dialect: from.dialect === 'melange' ? 'apko' : 'plain',
  });
  const [analysed] = await analyseTrees([await treeOfPackage(apk, from.keep)], from.dialect);
  if (analysed === undefined) throw new Error('assertion failed: a tree was lost');
  return { facts, fileName, info: apk.info, present: infoText(apk), analysed };
}

function infoText({ control }: ApkPackage): string {
  const member = control.find(({ entry }) => entry.path === '.PKGINFO');
  return Buffer.from(member?.content ?? []).toString();
}

async function scanOne(
  { facts, fileName, info, present, analysed }: Opened,
  of: {
    readonly recipe: Recipe;
    readonly relatives: readonly AnalysedTree[];
    readonly version: string;
    readonly namespace: string | undefined;
  },
): Promise<ScannedPackage> {
  const { recipe, relatives, version, namespace } = of;
  const { dialect, package: origin } = recipe;
  const relations = await relationsOf({
    subject: analysed,
    relatives,
    facts,
    version,
    dialect,
    place: 'archive',
    libraryVersions: dialect === 'kiln' ? versionsIn(info) : undefined,
  });
  const { dependencies, scriptlets } = facts;
  const next: PackageInfo = {
    ...info,
    name: facts.name,
    version,
    origin: dialect === 'kiln' ? info.origin : origin.name,
    description: dialect === 'kiln' ? facts.description.trimEnd() : facts.description,
    url: dialect === 'kiln' ? facts.url.trimEnd() : facts.url,
    maintainer: namespace ?? info.maintainer,
    licenses: origin.copyright.map(({ license }) => license),
    depends: relations.runtime,
    provides: relations.provides,
    vendored: relations.vendored,
    replaces: dependencies.replaces,
    installIf: [],
    providerPriority: priorityOf(dependencies.providerPriority),
    replacesPriority: priorityOf(dependencies.replacesPriority),
    triggers: scriptlets.trigger?.paths ?? [],
  };
  const lineBreaks = dialect === 'kiln' ? 'refuse' : 'keep';
  const generated = printPackageInfo(next, { lineBreaks });
  return { name: facts.name, fileName, present, generated, warnings: relations.warnings };
}

/** The versions of libraries that the package depends on: only the guest of its build knew more. */
function versionsIn({ depends }: PackageInfo): LibraryVersions | undefined {
  const versions = new Map(
    depends.flatMap((one) => {
      const match = /^so-ver:([^<>=~]+)>=(.+)$/.exec(one);
      return match === null ? [] : [[match[1] ?? '', match[2] ?? ''] as const];
    }),
  );
  return { versionOf: (soname) => versions.get(soname) };
}

function notFound(fileName: string): KilnError {
  return new KilnError('SCAN_PACKAGE_NOT_FOUND', `no package ${shorten(fileName)}`, {
    hint: 'build it first, or name the repository that has it',
  });
}
