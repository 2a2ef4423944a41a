import { appliesTo, printCompiled } from '@kiln/recipe';
import { architectureOfFlag, skipped } from '../architecture.ts';
import { recipeFlags } from '../build-flags.ts';
import { melangeRecipe } from '../recipe.ts';
import { readBytes } from '../../local/recipe-file.ts';
import { buildDate } from '../build-date.ts';
import type { Subcommand } from '../../drop-in/subcommand.ts';

export const compile: Subcommand = {
  name: 'compile',
  usage: '[config.yaml]',
  summary: 'Print a recipe as it is built, as JSON',
  examples: ['kiln melange compile zlib.yaml --arch x86_64'],
  positionals: { min: 0 },
  flags: {
    ...recipeFlags,
    arch: { type: 'string', required: true, help: 'the architecture to compile for' },
    'fail-on-lint-warning': {
      type: 'bool',
      help: 'nothing: compiling runs no linters',
      unused: 'melange reads it nowhere',
    },
    'log-policy': {
      type: 'strings',
      default: ['builtin:stderr'],
      help: 'where the log goes',
      unused: 'the log goes to standard error',
    },
    'debug-runner': {
      type: 'bool',
      help: 'nothing: compiling runs no steps',
      unused: 'compiling runs no steps',
    },
    interactive: {
      type: 'bool',
      shorthand: 'i',
      help: 'nothing: compiling runs no steps',
      unused: 'compiling runs no steps',
    },
    rm: {
      type: 'bool',
      help: 'remove what is left of the guest',
      unused: 'compiling needs no guest',
    },
  },
  async run(invocation) {
    // melange reads both before it compiles, and has no further use for them.
    buildDate(invocation.flags.string('build-date'), invocation.environment);
    const key = invocation.flags.string('signing-key');
    if (key !== '') readBytes(key);
    const arch = architectureOfFlag(invocation.flags.string('arch'));
    const { recipe, compile } = await melangeRecipe(invocation, { subpackageConditions: 'later' });
    if (!appliesTo(recipe.package.targetArchitectures, arch, 'apk-names'))
      throw skipped(recipe, arch);
    invocation.write(`${printCompiled(compile(recipe, arch))}\n`);
  },
};
