import fs from 'node:fs/promises';
import type { CompressionName } from '@kiln/assemble';
import { KilnError, shorten } from '@kiln/base';
import type { LogFields, Logger } from '@kiln/base';
import type { Command, Invocation, Output } from '../command.ts';
import { usage } from '../command.ts';
import { folderPlace } from '../folder-place.ts';
import { Interrupt } from '../interrupt.ts';
import { listOf, textOf } from '../local/options.ts';
import { Waiting } from '../waiting.ts';
import type { SbomFormat } from './sbom-formats.ts';
import { parseSbomFormats } from './sbom-formats.ts';
import type { ImageTask } from './task.ts';

/** What is under way this long is said. */
const quietMs = 2000;

/**
 * Does what a command of `kiln image` asks for, and says on the terminal what is under way where it takes longer than two
 * seconds. Throws `USAGE`, `LOCAL_INTERRUPTED`, and what `work` throws.
 */
export async function withImageTask<T>(
  command: Command,
  invocation: Invocation,
  work: (task: ImageTask) => Promise<T>,
): Promise<T> {
  const { talk } = invocation.print;
  using interrupt = new Interrupt();
  const waiting = new Waiting(talk, process.stderr.isTTY === true, { quietMs });
  try {
    return await work({
      ...taskOf(command, invocation),
      signal: interrupt.signal,
      onStage: (text) => waiting.show(text),
    });
  } finally {
    waiting.stop();
  }
}

function taskOf(
  command: Command,
  { config, flags, positionals, print }: Invocation,
): Omit<ImageTask, 'signal'> {
  const [file, more] = positionals;
  if (file === undefined) throw usage(command, 'which configuration?');
  if (more !== undefined && !command.usage.includes('REFERENCE'))
    throw usage(command, `one configuration, and not "${shorten(more)}" too`);
  const packages = listOf(flags['package-append']);
  const lockFile = textOf(flags['lockfile']) ?? '';
  if (packages.length > 0 && lockFile !== '')
    throw usage(command, '--package-append and --lockfile do not go together: make the lock anew');
  const dialect = dialectOf(command, textOf(flags['compat']));
  return {
    dialect,
    file,
    archs: listOf(flags['arch']).flatMap((word) => word.split(',')),
    folders: listOf(flags['include-paths']),
    buildDate: textOf(flags['build-date']) ?? '',
    annotations: listOf(flags['annotations']),
    lockFile,
    vcs: flags['no-vcs'] !== true,
    sbomFormats: sbomFormatsOf(command, { flags, dialect }),
    compression: compressionOf(command, textOf(flags['compression']), dialect),
    appended: {
      keys: listOf(flags['keyring-append']),
      buildRepositories: listOf(flags['build-repository-append']),
      repositories: listOf(flags['repository-append']),
      packages,
    },
    reading: {
      cacheDirectory: textOf(flags['cache-dir']) ?? '',
      offline: flags['offline'] === true,
      ignoreSignatures: flags['ignore-signatures'] === true,
    },
    environment: process.env,
    log: talkLog(print),
    async defaultPlaces() {
      // Who says where packages are does not need what asks a factory.
      const { factoryPlaces } = await import('./factory-places.ts');
      const places = await factoryPlaces(config);
      if (places.repositories.length > 0)
        print.talk(`packages come from the factory: ${places.repositories.join(' ')}\n`);
      return places;
    },
  };
}

function dialectOf(command: Command, compat: string | undefined): ImageTask['dialect'] {
  if (compat === undefined || compat === 'kiln') return 'kiln';
  if (compat === 'apko') return 'apko';
  throw usage(command, `--compat is apko or kiln, and not "${shorten(compat)}"`);
}

function compressionOf(
  command: Command,
  text: string | undefined,
  dialect: ImageTask['dialect'],
): CompressionName {
  if (text === undefined || text === 'gzip') return 'gzip';
  if (text !== 'zstd')
    throw usage(command, `--compression is gzip or zstd, and not "${shorten(text)}"`);
  if (dialect === 'apko')
    throw usage(
      command,
      '--compression zstd and --compat apko do not go together: apko writes gzip',
    );
  return 'zstd';
}

/** Those of `--sbom-formats`, each once, where there is a folder for them. */
function sbomFormatsOf(
  command: Command,
  { flags, dialect }: Pick<Invocation, 'flags'> & Pick<ImageTask, 'dialect'>,
): readonly SbomFormat[] {
  const formats = parseSbomFormats(command, listOf(flags['sbom-formats']));
  const other = formats.find((format) => format !== 'spdx');
  if (dialect === 'apko' && other !== undefined)
    throw usage(command, `apko makes spdx alone, and no ${other}`);
  if (textOf(flags['sbom-path']) !== undefined) return formats.length === 0 ? ['spdx'] : formats;
  if (formats.length > 0) throw usage(command, '--sbom-formats needs --sbom-path: where to?');
  return [];
}

/** Warnings and errors, for people. */
function talkLog({ talk }: Output): Logger {
  const at =
    (word: string) =>
    (message: string, fields: LogFields = {}): void => {
      const more = Object.entries(fields).map(([name, value]) => ` ${name}=${String(value)}`);
      talk(`${word}: ${message}${more.join('')}\n`);
    };
  const nothing = (): void => undefined;
  return { debug: nothing, info: nothing, warn: at('warning'), error: at('error') };
}

/** Makes a folder for what a flag says, and those above it. Throws `IMAGE_OUTPUT`, and as `folderPlace`. */
export async function ensureFolder(folder: string): Promise<void> {
  const place = folderPlace(folder);
  try {
    await fs.mkdir(place, { recursive: true });
  } catch (error) {
    throw new KilnError('IMAGE_OUTPUT', `cannot make the folder ${shorten(folder, 200)}`, {
      hint: 'name another one, or check who may write there',
      cause: error,
    });
  }
}
