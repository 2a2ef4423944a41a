import type { ByteSource } from '@kiln/apk-files';
import type { Command, Invocation, Output } from '../command.ts';
import { usage } from '../command.ts';
import { isStream, requireFolderOf, writeLargeFile } from './write-file.ts';

/** Where an archive goes, and where a command says what it made. */
export interface ArchiveOutput {
  readonly name: string;
  readonly print: Output;
  /** Whether what was written cannot be taken back: it is standard output, or a pipe. */
  readonly isStream: boolean;
  /** Throws as `writeLargeFile`. */
  write(source: ByteSource): Promise<void>;
}

/**
 * What `-o` names: a file, whose folder is there, or with `-` standard output, which has nothing but the archive then. Throws
 * `APK_FILE_NOT_FOUND`, and `USAGE` for a terminal and for `--json`, which wants standard output, too.
 */
export function archiveOutput(
  command: Command,
  { flags, print }: Invocation,
  file: string,
): ArchiveOutput {
  if (file !== '-' && file !== '/dev/stdout') {
    requireFolderOf(file);
    return {
      name: file,
      print,
      isStream: isStream(file),
      write: (source) => writeLargeFile(file, source),
    };
  }
  if (flags['json'] === true)
    throw usage(
      command,
      'standard output cannot have both the archive and JSON: give a file with -o',
    );
  if (process.stdout.isTTY)
    throw usage(command, 'an archive is nothing for a terminal: give a file');
  return {
    name: 'standard output',
    print: { data: print.talk, talk: print.talk },
    isStream: true,
    write: writeStandardOutput,
  };
}

/** The system has taken a chunk before the next is asked for. */
async function writeStandardOutput(source: ByteSource): Promise<void> {
  for await (const chunk of source) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    process.stdout.write(chunk, (error) => (error ? reject(error) : resolve()));
    await promise;
  }
}
