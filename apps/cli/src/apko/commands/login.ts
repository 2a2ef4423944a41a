import fs from 'node:fs/promises';
import path from 'node:path';
import { KilnError, collect } from '@kiln/base';
import { parseReference } from '@kiln/oci';
import { dockerConfigFile } from '@kiln/registry-client';
import type { DropInInvocation, Subcommand } from '../../drop-in/subcommand.ts';
import { folderPlace } from '../../folder-place.ts';
import { readDockerConfig } from '../../image-build/docker-credentials.ts';
import { writeFile } from '../../image-build/write-file.ts';

const passwordBytesMax = 64 * 1024;

export const login: Subcommand = {
  name: 'login',
  usage: '<registry>',
  summary: 'Log in to a registry',
  description:
    'Keep a user name and a password for a registry where docker keeps them. The registry is not asked.',
  examples: ['kiln apko login registry.example.org -u me --password-stdin < password.txt'],
  positionals: { min: 1, max: 1 },
  flags: {
    username: { type: 'string', shorthand: 'u', help: 'the user' },
    password: {
      type: 'string',
      shorthand: 'p',
      help: 'the password, which everybody on this machine can see then',
    },
    'password-stdin': { type: 'bool', help: 'read the password from standard input' },
  },
  run: keepPassword,
};

async function keepPassword(invocation: DropInInvocation): Promise<void> {
  const { flags, environment, log, positionals, signal } = invocation;
  const registry = registryOf(positionals[0] ?? '');
  const user = flags.string('username');
  const password = flags.bool('password-stdin')
    ? await passwordOfInput()
    : flags.string('password');
  if (user === '' && password === '')
    throw new KilnError('APKO_USAGE', 'username and password required', {
      hint: 'give -u USER --password-stdin',
    });
  const config = readDockerConfig({ environment, signal });
  const file = dockerConfigFile(environment);
  if (!(await config.storePassword(registry, user, password))) {
    await fs.mkdir(folderPlace(path.dirname(file)), { recursive: true, mode: 0o700 });
    await makePrivate(file);
    const text = config.withPassword(registry, user, password);
    await writeFile(file, [Buffer.from(text)], { durable: true });
  }
  log.info(`logged in via ${file}`);
}

function registryOf(text: string): string {
  const { registry, repository } = parseReference(`${text}/any`);
  if (registry !== '' && repository === 'any') return registry;
  throw new KilnError('APKO_USAGE', 'not the name of a registry', {
    hint: 'write its host, such as registry.example.org',
  });
}

/** A new file is there before the password is, so that nobody else can read it. */
async function makePrivate(file: string): Promise<void> {
  try {
    await using made = await fs.open(file, 'wx', 0o600);
    await made.writeFile('{}\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

async function passwordOfInput(): Promise<string> {
  const bytes = await collect(
    process.stdin as AsyncIterable<Buffer>,
    passwordBytesMax,
    () => new KilnError('APKO_USAGE', `a password of more than ${passwordBytesMax} bytes`),
  );
  return Buffer.from(bytes)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
