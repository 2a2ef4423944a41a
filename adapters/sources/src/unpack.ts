import { KilnError, shorten } from '@kiln/base';
import { runHostTool } from './host-tool.ts';

export interface UnpackRequest {
  /** Absolute; an archive that GNU tar reads, compressed in any way that it knows. */
  readonly file: string;
  /** Exists already. */
  readonly directory: string;
  /** Leading components of names that are dropped. */
  readonly stripComponents: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Unpacks a source archive with the host's tar, which writes no name that leads out of the directory and goes through none
 * of the archive's links. Files belong to whoever runs this. Throws `SOURCE_ARCHIVE_INVALID`, and the signal's reason.
 */
export async function unpackArchive(request: UnpackRequest): Promise<void> {
  const { file, directory, stripComponents, signal } = request;
  const options = [`--strip-components=${stripComponents}`, '--no-same-owner', '--force-local'];
  const reason = await runHostTool({
    argv: ['tar', '-x', ...options, '-f', file],
    directory,
    signal,
  });
  if (reason === undefined) return;
  throw new KilnError(
    'SOURCE_ARCHIVE_INVALID',
    `cannot unpack "${shorten(file, 200)}": ${shorten(reason, 300)}`,
    { hint: 'it has to be an archive; tar and the program of its compression have to be there' },
  );
}
