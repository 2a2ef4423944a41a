import type { Command, Invocation } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { openPackagesOf } from '../local/open-package.ts';
import { architecturesOf, listOf, requireMade, textOf } from '../local/options.ts';
import { readRecipeFile } from '../local/recipe-file.ts';
import { scanDiff, scanRecipe, type ScannedPackage } from '../local/scan-recipe.ts';

export const packageScan: Command = {
  name: 'package scan',
  summary:
    'Make .PKGINFO anew for packages that are built, from their recipe and their files, and print it or what differs. Exit code 3 where --diff finds a difference. Needs no running factory.',
  usage: 'package scan RECIPE... [--repository URL|DIR] [--arch ARCH] [--diff] [--json]',
  examples: [
    'kiln package scan zlib.yaml --diff',
    'kiln package scan *.yaml --diff --repository https://packages.example.org/os --arch x86_64',
    'kiln package scan zlib.yaml --package zlib-dev',
  ],
  options: {
    ...jsonOption,
    repository: {
      type: 'string',
      value: 'URL|DIR',
      help: 'the repository that has the packages (./packages)',
    },
    arch: {
      type: 'string',
      multiple: true,
      value: 'ARCH',
      help: 'architectures, such as x86_64,aarch64 (this machine’s)',
    },
    package: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      help: 'only these packages of the recipes',
    },
    diff: {
      type: 'boolean',
      help: 'print what differs from the packages',
    },
    comments: { type: 'boolean', help: 'compare comments too' },
    namespace: {
      type: 'string',
      value: 'NAME',
      help: 'the maintainer to write (that of the package)',
    },
  },
  async run(invocation) {
    const { positionals, flags, print } = invocation;
    if (positionals.length === 0) throw usage(packageScan, 'which recipes?');
    requirePackages(positionals, listOf(flags['package']));
    const rows: Row[] = [];
    for (const recipe of positionals) rows.push(...(await scanFile(recipe, invocation)));
    if (flags['json'] === true) print.data(`${JSON.stringify(rows, null, 2)}\n`);
    else for (const row of rows) print.data(flags['diff'] === true ? row.diff : row.generated);
    return flags['diff'] === true && rows.some(({ diff }) => diff !== '') ? 3 : 0;
  },
};

/** One package of the JSON form. */
interface Row {
  readonly recipe: string;
  readonly arch: string;
  readonly name: string;
  readonly file: string;
  readonly generated: string;
  /** "" where nothing differs. */
  readonly diff: string;
}

/** Throws `USAGE` for a name of `--package` that none of the recipes makes. */
function requirePackages(files: readonly string[], only: readonly string[]): void {
  if (only.length === 0) return;
  const recipes = files.map((file) => readRecipeFile(file, { dialect: 'kiln', commit: '' }));
  const names = recipes.flatMap((one) => [one.package, ...one.subpackages].map(({ name }) => name));
  requireMade(only, new Set(names));
}

async function scanFile(path: string, { flags, print }: Invocation): Promise<readonly Row[]> {
  const recipe = readRecipeFile(path, { dialect: 'kiln', commit: '' });
  const only = listOf(flags['package']);
  const rows: Row[] = [];
  for (const arch of architecturesOf({ flags })) {
    const open = openPackagesOf(textOf(flags['repository']) ?? './packages', arch);
    const namespace = textOf(flags['namespace']);
    const { packages, missing } = await scanRecipe({ recipe, open, namespace });
    for (const name of missing) print.talk(`${path}: there is no package ${name} for ${arch}\n`);
    for (const one of packages) {
      if (only.length > 0 && !only.includes(one.name)) continue;
      for (const warning of one.warnings) print.talk(`${one.name}: ${warning}\n`);
      rows.push(rowOf(one, { recipe: path, arch, comments: flags['comments'] === true }));
    }
  }
  return rows;
}

function rowOf(
  scanned: ScannedPackage,
  of: { readonly recipe: string; readonly arch: string; readonly comments: boolean },
): Row {
  const { name, fileName: file, generated } = scanned;
  const diff = scanDiff(scanned, { recipeName: of.recipe, comments: of.comments });
  return { recipe: of.recipe, arch: of.arch, name, file, generated, diff };
}
