import { KilnError } from '@kiln/base';
import type { Output } from './command.ts';
import { helpOf, parseInvocation } from './command.ts';
import type { Entry } from './commands.ts';
import { commands } from './commands.ts';
import { defaultPort, readConfig } from './config.ts';
import { describeError, exitCodeOf } from './report.ts';
import { kilnVersion } from './version.ts';

const names = Object.keys(commands).filter((name) => name !== 'process');

/** Lines of commands and what they do, in two columns. */
function listed(shown: readonly string[]): string[] {
  const column = Math.max(...shown.map((name) => name.length));
  return shown.map((name) => `  ${name.padEnd(column)}  ${commands[name]?.summary ?? ''}`);
}

const overview = (): string =>
  [
    'usage: kiln COMMAND [OPTIONS]',
    '',
    'Kiln rebuilds open source software from source into signed, tested, minimal images.',
    '',
    'commands:',
    ...listed(names),
    '',
    'examples:',
    '  kiln up                      start, build the catalog, show progress',
    '  kiln up --only static        only what the image `static` needs',
    '  kiln image run nginx         run an image without Docker',
    '  kiln verify nginx            explain each check of its signature and attestations',
    '',
    'environment:',
    '  KILN_HOME                    where all state is (.kiln in the clone)',
    `  KILN_PORT                    port of console, registry and packages (${defaultPort}; 0: any free one)`,
    '  KILN_CATALOG                 a catalog of your own beside Kiln OS (none)',
    '',
    'kiln COMMAND --help shows a command with examples and options, kiln version the version.',
    '',
  ].join('\n');

const print: Output = {
  data: (text) => void process.stdout.write(text),
  talk: (text) => void process.stderr.write(text),
};

function find(
  words: readonly string[],
): { readonly entry: Entry; readonly taken: number } | undefined {
  for (const taken of [2, 1]) {
    const entry = commands[words.slice(0, taken).join(' ')];
    if (words.length >= taken && entry !== undefined) return { entry, taken };
  }
  return undefined;
}

const helpFlags = new Set(['--help', '-h']);

/** The commands of a group such as `package`, when nothing but its name and the flag for help is given. */
function groupHelp(words: readonly string[]): string | undefined {
  const [group = '', wish, ...more] = words;
  const members = names.filter((name) => name.startsWith(`${group} `));
  if (members.length === 0 || more.length > 0 || !helpFlags.has(wish ?? '')) return undefined;
  return [
    `usage: kiln ${group} COMMAND [OPTIONS]`,
    '',
    'commands:',
    ...listed(members),
    '',
    `kiln ${group} COMMAND --help shows a command with examples and options.`,
    '',
  ].join('\n');
}

/** What was probably meant: the same words misspelt, or all commands of the group. */
async function unknownCommand(words: readonly string[]): Promise<KilnError> {
  const { nearestWord } = await import('@kiln/yaml/nearest');
  const group = names.filter((name) => name.startsWith(`${words[0] ?? ''} `));
  if (group.length > 0 && words.length === 1)
    return new KilnError('USAGE', `kiln ${words[0]} is a group of commands`, {
      hint: `kiln ${words[0]} --help lists them`,
    });
  const taken = names.some(
    (name) => name.includes(' ') && nearestWord(words[0] ?? '', [name.split(' ')[0] ?? '']),
  )
    ? 2
    : 1;
  const given = words.slice(0, taken).join(' ');
  const meant = nearestWord(given, names) ?? nearestWord(words[0] ?? '', names);
  const all = 'kiln --help lists the commands';
  const hint = group.length > 0 ? `one of: ${group.map((name) => `kiln ${name}`).join(', ')}` : all;
  return new KilnError('USAGE', `no such command: ${given}`, {
    hint: meant === undefined ? hint : `did you mean kiln ${meant}? ${all}`,
  });
}

async function main(words: readonly string[]): Promise<number> {
  const first = words[0];
  if (first === undefined || helpFlags.has(first)) {
    print.data(overview());
    return first === undefined ? 2 : 0;
  }
  // As with other tools: `help image build` is `image build --help`.
  if (first === 'help') return main([...words.slice(1), '--help']);
  if (first === 'version' || first === '--version') {
    print.data(`kiln ${kilnVersion()} (Node ${process.versions.node})\n`);
    return 0;
  }
  const found = find(words);
  if (found === undefined) {
    const help = groupHelp(words);
    if (help === undefined) throw await unknownCommand(words);
    print.data(help);
    return 0;
  }
  const command = await found.entry.load();
  const own = words.slice(found.taken);
  if ('runWords' in command) return command.runWords(own, print);
  const beforeDashes = own.includes('--') ? own.slice(0, own.indexOf('--')) : own;
  if (beforeDashes.some((word) => helpFlags.has(word))) {
    print.data(helpOf(command));
    return 0;
  }
  return command.run(parseInvocation(command, own, readConfig(), print));
}

/**
 * Ends the process when it can write no more. Whoever reads us has had enough: of data that is fine, and of talk there is nothing left to
 * say. What else is wrong, such as a full disk, is said once; what cannot be said on standard error cannot be said.
 */
function endFor(error: NodeJS.ErrnoException, stream: NodeJS.WriteStream): void {
  if (error.code === 'EPIPE') process.exit(0);
  // A terminal that is closed: what is said there is lost, and the hangup ends the command, which tidies up before.
  if (error.code === 'EIO' && stream === process.stderr) return;
  if (process.exitCode) process.exit();
  if (stream === process.stdout) print.talk(describeError(error));
  process.exit(exitCodeOf(error));
}

/** Runs the command that words ask for, and says what is wrong; the process has its exit code then. */
export async function runProgram(words: readonly string[]): Promise<void> {
  // Once what waits for the write was told, and has tidied up.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error) => void setImmediate(() => endFor(error, stream)));
  try {
    process.exitCode = await main(words);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return;
    print.talk(describeError(error));
    process.exitCode = exitCodeOf(error);
  }
}
