import type { CommandPage } from '@kiln/cli';
import { helpOf } from '@kiln/cli';

/** `docs/commands.md`: what `--help` says of every command, in the order of the overview. */
export function commandsPage(commands: readonly CommandPage[]): string {
  return [
    '# Commands',
    'Made from the commands themselves; `kiln COMMAND --help` prints the same. Standard output is data, standard error is talk. The exit code is 0 when it is done, 1 when it failed, 2 for a wrong command line, 3 when a verification failed or what was compared differs, 4 when something was not found, and 75 when it is worth trying again later.',
    ...commands.flatMap((command) => [
      `## kiln ${command.name}`,
      `\`\`\`\n${helpOf(command).trimEnd()}\n\`\`\``,
    ]),
  ]
    .join('\n\n')
    .concat('\n');
}
