import fs from 'node:fs';
import { actionInputs, explainActions } from '@kiln/build';
import { appliesTo } from '@kiln/recipe';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { planLocally } from '../local/local-build.ts';
import { architecturesOf } from '../local/options.ts';
import {
  buildOptions,
  buildRequestOf,
  networkOptions,
  openSession,
  readRecipe,
  recipeOptions,
} from '../local/package-session.ts';

export const packageWhy: Command = {
  name: 'package why',
  summary:
    'Say why a recipe would be built again: what changed since its last build on this machine, or that nothing did. Needs no running factory.',
  wordsMax: 1,
  usage: 'package why RECIPE|NAME --repository URL|DIR [--keyring FILE]',
  examples: ['kiln package why zlib.yaml --repository ./seed --keyring seed.rsa.pub'],
  options: { ...jsonOption, ...recipeOptions, ...buildOptions, ...networkOptions },
  async run(invocation) {
    const word = invocation.positionals[0];
    if (word === undefined) throw usage(packageWhy, 'which recipe?');
    const file = fs.existsSync(word) ? word : `${word}.yaml`;
    const session = await openSession(invocation);
    const recipe = await readRecipe(session, file);
    const rows = [];
    for (const arch of architecturesOf(invocation)) {
      if (!appliesTo(recipe.package.targetArchitectures, arch)) continue;
      const { plan } = await planLocally(await buildRequestOf(session, { file, recipe, arch }));
      const { name } = recipe.package;
      const last = session.actions.lastInputs({ name, arch });
      const known = (await session.actions.get(plan.action)) !== undefined;
      const changes = last === undefined ? [] : explainActions(last, actionInputs(plan));
      rows.push({
        recipe: name,
        arch,
        action: plan.action,
        known,
        built: last !== undefined,
        changes,
      });
    }
    if (invocation.flags['json'] === true)
      invocation.print.data(`${JSON.stringify(rows, null, 2)}\n`);
    else for (const row of rows) invocation.print.data(describe(row));
    return 0;
  },
};

interface Row {
  readonly recipe: string;
  readonly arch: string;
  readonly known: boolean;
  readonly built: boolean;
  readonly changes: ReturnType<typeof explainActions>;
}

function describe({ recipe, arch, known, built, changes }: Row): string {
  const subject = `${recipe} for ${arch}`;
  const lines = changes.map(({ what, detail }) => `  ${what}: ${detail}\n`).join('');
  if (known && changes.length === 0) return `${subject} is built: nothing changed since\n`;
  if (known) return `${subject} is known, though not what was built last:\n${lines}`;
  if (!built) return `${subject} would be built: it never was on this machine\n`;
  if (changes.length === 0) return `${subject} would be built: its result is no longer kept\n`;
  return `${subject} would be built:\n${lines}`;
}
