import fs from 'node:fs';
import path from 'node:path';
import { KilnError } from '@kiln/base';
import type { Architecture, CompiledRecipe, Libc, Recipe } from '@kiln/recipe';
import { localCompiler } from '../local/compile.ts';
import { gitHead } from '../local/git-head.ts';
import { pipelineFinder } from '../local/pipelines.ts';
import { readRecipeFile } from '../local/recipe-file.ts';
import type { Flags } from '../drop-in/flags.ts';
import type { DropInInvocation } from '../drop-in/subcommand.ts';

/** A recipe that a subcommand was given, and how to compile it. */
export interface MelangeRecipe {
  readonly file: string;
  readonly recipe: Recipe;
  /** The commit of the repository that holds the recipe, or `unknown`. */
  readonly commit: string;
  readonly repositoryUrl: string;
  compile(recipe: Recipe, arch: Architecture): CompiledRecipe;
}

/** The names that are looked for where none is given. */
const usualNames = ['.melange.yaml', '.melange.yml', 'melange.yaml', 'melange.yml'];

/** Reads the recipe of a command line with its flags, in melange's dialect. */
export async function melangeRecipe(
  { flags, positionals, log }: DropInInvocation,
  more: {
    readonly pipelineFolders?: readonly string[];
    readonly buildOptions?: readonly string[];
    readonly subpackageConditions?: 'now' | 'later';
  },
): Promise<MelangeRecipe> {
  const file = positionals[0] ?? usualNames.find((name) => fs.existsSync(name));
  if (file === undefined) {
    throw new KilnError('MELANGE_USAGE', 'melange.yaml is missing', {
      hint: 'name the recipe, or change to its folder',
    });
  }
  let commit = given(flags, 'git-commit') ?? '';
  if (commit === '') {
    commit = (await gitHead(path.dirname(file))) ?? 'unknown';
    if (commit === 'unknown')
      log.warn('the commit of the recipe is unknown: its folder is no checkout of git');
  }
  const repositoryUrl = given(flags, 'git-repo-url');
  if (repositoryUrl === undefined && more.buildOptions === undefined)
    log.warn('the address of the repository that holds the recipe is not given');
  const recipe = readRecipeFile(file, {
    dialect: 'melange',
    commit,
    environmentFiles: flags.list('env-file').filter((name) => name !== ''),
    varsFile: given(flags, 'vars-file'),
    buildOptions:
      more.buildOptions ?? (flags.given('build-option') ? flags.list('build-option') : []),
    resources: resourcesOf(flags),
    timeoutMs: flags.durationMs('timeout') || undefined,
  });
  const folders = [given(flags, 'pipeline-dir') ?? '', ...(more.pipelineFolders ?? [])].filter(
    (name) => name !== '',
  );
  const compiler = localCompiler(
    pipelineFinder([...folders, '/usr/share/melange/pipelines'], undefined, 'melange'),
  );
  const libc = libcOf(flags);
  return {
    file,
    recipe,
    commit,
    repositoryUrl: repositoryUrl ?? 'https://unknown/unknown/unknown',
    compile: (one, arch) =>
      compiler.compile(one, arch, {
        libc,
        subpackageConditions: more.subpackageConditions ?? 'now',
      }),
  };
}

/** A flag's text, where the subcommand has it and it is not empty. */
function given(flags: Flags, name: string): string | undefined {
  return flags.given(name) && flags.string(name) !== '' ? flags.string(name) : undefined;
}

function resourcesOf(flags: Flags): Readonly<Record<string, string>> {
  const names = ['cpu', 'cpumodel', 'memory', 'disk'];
  return Object.fromEntries(
    names.filter((name) => flags.given(name)).map((name) => [name, flags.string(name)]),
  );
}

function libcOf(flags: Flags): Libc {
  return given(flags, 'override-host-triplet-libc-substitution-flavor') ?? 'gnu';
}
