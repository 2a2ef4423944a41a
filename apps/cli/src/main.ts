import { enableCompileCache } from 'node:module';
import { KilnError } from '@kiln/base';
import type { Command, Output } from './command.ts';
import { helpOf, parseInvocation } from './command.ts';
import { readConfig } from './config.ts';
import { describeError, exitCodeOf } from './report.ts';

enableCompileCache();

interface Entry {
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every command; each module is loaded only when its command is used. */
const commands: Readonly<Record<string, Entry>> = {
  up: {
    summary: 'start the factory and bring the catalog to its desired state',
    load: async () => (await import('./commands/up.ts')).up,
  },
  down: {
    summary: 'stop the factory',
    load: async () => (await import('./commands/down.ts')).down,
  },
  status: {
    summary: 'say where everything is and how far it got',
    load: async () => (await import('./commands/status.ts')).status,
  },
  logs: {
    summary: 'print the log of a key or of a process',
    load: async () => (await import('./commands/logs.ts')).logs,
  },
  reset: {
    summary: 'delete all state of the factory',
    load: async () => (await import('./commands/reset.ts')).reset,
  },
  resync: {
    summary: 'look at keys again now',
    load: async () => (await import('./commands/resync.ts')).resync,
  },
  init: {
    summary: 'make a catalog of your own',
    load: async () => (await import('./commands/init.ts')).init,
  },
  'image ls': {
    summary: 'list images',
    load: async () => (await import('./commands/image.ts')).imageLs,
  },
  'image show': {
    summary: 'show an image',
    load: async () => (await import('./commands/image.ts')).imageShow,
  },
  'image run': {
    summary: 'run an image in a sandbox, without Docker',
    load: async () => (await import('./commands/image-run.ts')).imageRun,
  },
  'package ls': {
    summary: 'list packages',
    load: async () => (await import('./commands/package.ts')).packageLs,
  },
  'package show': {
    summary: 'show a package',
    load: async () => (await import('./commands/package.ts')).packageShow,
  },
  'queue ls': {
    summary: 'list the keys of the work queue',
    load: async () => (await import('./commands/queue.ts')).queueLs,
  },
  'queue show': {
    summary: 'show a key and its attempts',
    load: async () => (await import('./commands/queue.ts')).queueShow,
  },
  'queue retry': {
    summary: 'run a parked key again',
    load: async () => (await import('./commands/queue.ts')).queueRetry,
  },
  verify: {
    summary: 'check an image’s signature, SBOM and provenance',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  'key public': {
    summary: 'print a public key',
    load: async () => (await import('./commands/key.ts')).keyPublic,
  },
  'config show': {
    summary: 'print the configuration and where each value comes from',
    load: async () => (await import('./commands/config-show.ts')).configShow,
  },
  test: { summary: 'run the tests', load: async () => (await import('./commands/test.ts')).test },
  process: {
    summary: 'run one process of the factory (used by kiln itself)',
    load: async () => (await import('./commands/process.ts')).processCommand,
  },
};

const overview = (): string =>
  [
    'usage: kiln COMMAND [OPTIONS]',
    '',
    'Kiln rebuilds open source software from source into signed, tested, minimal images.',
    '',
    'commands:',
    ...Object.entries(commands)
      .filter(([name]) => name !== 'process')
      .map(([name, entry]) => `  ${name.padEnd(14)} ${entry.summary}`),
    '',
    'examples:',
    '  kiln up                      start, build the catalog, show progress',
    '  kiln up --only static        only what the image `static` needs',
    '  kiln image run nginx         run an image without Docker',
    '  kiln verify nginx            explain each check of its signature and attestations',
    '',
    'kiln COMMAND --help shows a command with examples and options.',
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

function unknownCommand(words: readonly string[]): KilnError {
  const group = Object.keys(commands).filter((name) => name.startsWith(`${words[0] ?? ''} `));
  return new KilnError('USAGE', `no such command: ${words.slice(0, 2).join(' ')}`, {
    hint:
      group.length > 0
        ? `one of: ${group.map((name) => `kiln ${name}`).join(', ')}`
        : 'kiln --help lists the commands',
  });
}

async function main(words: readonly string[]): Promise<number> {
  const first = words[0];
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    print.data(overview());
    return first === undefined ? 2 : 0;
  }
  const found = find(words);
  if (found === undefined) throw unknownCommand(words);
  const command = await found.entry.load();
  const own = words.slice(found.taken);
  const beforeDashes = own.includes('--') ? own.slice(0, own.indexOf('--')) : own;
  if (beforeDashes.includes('--help') || beforeDashes.includes('-h')) {
    print.data(helpOf(command));
    return 0;
  }
  return command.run(parseInvocation(command, own, readConfig(), print));
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  print.talk(describeError(error));
  process.exitCode = exitCodeOf(error);
}
