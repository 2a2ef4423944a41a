import { commands } from '@kiln/cli';
import { describe, expect, test } from 'vitest';
import { commandsPage } from './commands-page.ts';
import { generated } from './repository.ts';

const loaded = await Promise.all(
  Object.entries(commands)
    .filter(([name]) => name !== 'process')
    .map(async ([name, entry]) => ({ name, command: await entry.load() })),
);

describe('commands', () => {
  test.each(loaded)('kiln $name calls itself so, and has an example', ({ name, command }) => {
    expect(command.name).toBe(name);
    expect(command.usage.startsWith(name)).toBe(true);
    expect(command.summary).toMatch(/^[A-Z].*\.$/);
    expect(command.examples.length).toBeGreaterThan(0);
  });

  test.each(loaded)('kiln $name says how many words it takes', ({ name, command }) => {
    const itself =
      /^(?:image (?:build|lock|show-|dot|why|diff|sbom|compose)|key generate|package (?:bump|diff)|seed export)/;
    const any = 'runWords' in command || /\.\.\.|…/.test(command.usage) || itself.test(name);
    expect(any || command.wordsMax !== undefined).toBe(true);
  });

  test('are described in docs/commands.md as they are (KILN_UPDATE=1 rewrites it)', () => {
    const page = commandsPage(loaded.map((one) => one.command));
    const { found, wanted } = generated('docs/commands.md', page);
    expect(found).toBe(wanted);
  });
});
