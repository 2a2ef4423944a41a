import { architectureOf, type Architecture } from '@kiln/recipe';
import { testLocally } from '../local/local-test.ts';
import { architecturesOfFlag } from './architecture.ts';
import { endlessMs, localGuests, shellOf, workspaceOf } from './build.ts';
import { requireGuest } from './guest-problems.ts';
import { melangeRecipe } from './recipe.ts';
import type { DropInInvocation } from '../drop-in/subcommand.ts';

/** `kiln melange test`: the tests of a recipe against packages of the repositories that are given. */
export async function testRecipe(invocation: DropInInvocation): Promise<void> {
  const { flags, positionals, log, signal } = invocation;
  const melange = await melangeRecipe(invocation, {
    pipelineFolders: flags.list('pipeline-dirs'),
    // melange takes options of a build for none of the test.
    buildOptions: [],
  });
  const { recipe } = melange;
  const guests = localGuests(invocation);
  for (const arch of architecturesOfFlag(flags.list('arch'))) {
    const compiled = melange.compile(recipe, arch);
    if (!isTestedOn(arch, recipe.package.targetArchitectures)) {
      log.warn(`skipping test for ${recipe.package.name} on ${arch}`);
      continue;
    }
    for (const { test } of [compiled, ...compiled.subpackages])
      if (test !== undefined && test.pipeline.length > 0) requireGuest(test.environment);
    const tested = await testLocally({
      compiled,
      guests,
      appended: {
        packages: flags.list('test-package-append'),
        repositories: flags.list('repository-append'),
        keys: flags.list('keyring-append'),
      },
      atom: positionals[1],
      sourceDirectory: flags.string('source-dir') || undefined,
      workspace: workspaceOf(flags, arch),
      network: 'host',
      cacheDirectory: flags.string('cache-dir'),
      trace: flags.bool('debug'),
      timeoutMs: endlessMs,
      debugging: shellOf(invocation),
      onTest: (name) => log.info(`running the tests of ${name}`),
      onLog: ({ text }) => log.info(text),
      signal,
    });
    if (tested.length === 0) log.info(`${recipe.package.name} has no tests`);
    for (const { name } of tested) log.info(`the tests of ${name} passed`);
  }
}

/** For tests melange takes names in whatever spelling, and `all` for one of them. */
function isTestedOn(arch: Architecture, targets: readonly string[]): boolean {
  return targets.length === 0 || targets.some((name) => architectureOf(name) === arch);
}
