import { KilnError } from '@kiln/base';
import { openPackagesOf } from '../../local/open-package.ts';
import { readRecipeFile } from '../../local/recipe-file.ts';
import { scanDiff, scanRecipe } from '../../local/scan-recipe.ts';
import type { DropInInvocation, Subcommand } from '../../drop-in/subcommand.ts';

export const scan: Subcommand = {
  name: 'scan',
  usage: '<config.yaml>',
  summary: 'Print .PKGINFO anew for packages that are built',
  examples: ['kiln melange scan bash.yaml', 'kiln melange scan bash.yaml --diff -r ./packages'],
  description:
    'Print .PKGINFO anew for the packages of a recipe, from the recipe and the files in them; sizes, digests and times are those of the packages. With --diff print what differs instead.',
  positionals: { min: 1, max: 1 },
  flags: {
    arch: { type: 'strings', help: 'architectures; x86_64 without it' },
    comments: { type: 'bool', help: 'compare comments too' },
    diff: { type: 'bool', help: 'print what differs from the packages, and fail if anything does' },
    'keyring-append': {
      type: 'string',
      shorthand: 'k',
      default: 'local-melange.rsa.pub',
      help: 'the public key of the repository',
      unused: 'melange verifies no signatures here either',
    },
    namespace: {
      type: 'string',
      default: 'unknown',
      help: 'the namespace of package URLs, such as wolfi',
    },
    package: { type: 'string', shorthand: 'p', help: 'only this package of the recipe' },
    'repository-append': {
      type: 'string',
      shorthand: 'r',
      default: './packages',
      help: 'the repository, an address or a folder',
    },
  },
  run: scanPackages,
};

async function scanPackages(invocation: DropInInvocation): Promise<void> {
  const { flags, positionals, log, write, signal } = invocation;
  const [file = ''] = positionals;
  const recipe = readRecipeFile(file, { dialect: 'melange', commit: '' });
  const archs = flags.list('arch');
  let differs = false;
  for (const arch of archs.length === 0 ? ['x86_64'] : archs) {
    const open = openPackagesOf(flags.string('repository-append'), arch, signal);
    const namespace = flags.string('namespace');
    const { packages, missing } = await scanRecipe({ recipe, open, namespace });
    for (const name of missing) log.warn(`there is no package ${name}`);
    for (const one of packages) {
      for (const warning of one.warnings) log.warn(`${one.name}: ${warning}`);
      if (flags.bool('diff')) {
        const diff = scanDiff(one, { recipeName: file, comments: flags.bool('comments') });
        differs ||= diff !== '';
        write(diff);
      } else if (flags.string('package') === '' || flags.string('package') === one.name)
        write(one.generated);
    }
  }
  if (differs) throw new KilnError('SCAN_DIFFERS', `saw diff for ${file}`);
}
