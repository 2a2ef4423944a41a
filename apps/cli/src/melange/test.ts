import { appliesTo } from '@kiln/recipe';
import { testLocally } from '../local/local-test.ts';
import { architecturesOfFlag } from './architecture.ts';
import { localGuests, shellOf } from './build.ts';
import { melangeRecipe } from './recipe.ts';
import type { DropInInvocation } from '../drop-in/subcommand.ts';

/** `kiln melange test`: the tests of a recipe against packages of the repositories that are given. */
export async function testRecipe(invocation: DropInInvocation): Promise<void> {
  const { flags, positionals, log, signal } = invocation;
  const melange = await melangeRecipe(invocation, {
    pipelineFolders: flags.list('pipeline-dirs'),
    buildOptions: flags.list('test-option'),
  });
  const { recipe } = melange;
  const guests = localGuests(invocation);
  for (const arch of architecturesOfFlag(flags.list('arch'))) {
    if (!appliesTo(recipe.package.targetArchitectures, arch)) {
      log.warn(`skipping test for ${recipe.package.name} on ${arch}`);
      continue;
    }
    const tested = await testLocally({
      compiled: melange.compile(recipe, arch),
      guests,
      appended: {
        packages: flags.list('test-package-append'),
        repositories: flags.list('repository-append'),
        keys: flags.list('keyring-append'),
      },
      atom: positionals[1],
      sourceDirectory: flags.string('source-dir') || undefined,
      network: 'host',
      cacheDirectory: flags.string('cache-dir'),
      trace: flags.bool('debug'),
      timeoutMs: flags.durationMs('timeout') || undefined,
      debugging: shellOf(invocation),
      onTest: (name) => log.info(`running the tests of ${name}`),
      onLog: ({ text }) => log.info(text),
      signal,
    });
    if (tested.length === 0) log.info(`${recipe.package.name} has no tests`);
    for (const { name } of tested) log.info(`the tests of ${name} passed`);
  }
}
