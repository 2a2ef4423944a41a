import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { KilnError, linesOf, shorten } from '@kiln/base';
import { runHostTool } from './host-tool.ts';

export interface PatchRequest {
  /** For people. */
  readonly name: string;
  /** Absolute. */
  readonly file: string;
  /** Where the sources are. */
  readonly directory: string;
  readonly stripComponents: number;
  /** Lines of context that may differ. */
  readonly fuzz: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Applies a unified or context diff with the host's patch. Left to itself patch would also take a script of ed, which may run
 * commands. Throws `SOURCE_PATCH_FAILED`, and the signal's reason.
 */
export async function applyPatch(request: PatchRequest): Promise<void> {
  const { name, file, directory, stripComponents, fuzz, signal } = request;
  const form = await formOf(file);
  if (form === undefined)
    throw new KilnError(
      'SOURCE_PATCH_FAILED',
      `"${shorten(name, 200)}" is neither a unified nor a context diff`,
      { hint: 'make it with diff -u or git diff' },
    );
  const options = [form, `-p${stripComponents}`, `--fuzz=${fuzz}`, `--input=${file}`];
  const reason = await runHostTool({ argv: ['patch', '--batch', ...options], directory, signal });
  if (reason === undefined) return;
  throw new KilnError(
    'SOURCE_PATCH_FAILED',
    `patch "${shorten(name, 200)}" does not apply: ${shorten(reason, 300)}`,
    { hint: 'patch has to be installed, and the patch has to be made for this version' },
  );
}

const lineBytesMax = 64 * 2 ** 20;

/** The option for the form of the first change in a file; undefined where there is none, or the file is none. */
async function formOf(file: string): Promise<'--unified' | '--context' | undefined> {
  if (!(await stat(file)).isFile()) return undefined;
  const tooLong = (): KilnError =>
    new KilnError('SOURCE_PATCH_FAILED', `a line of "${shorten(file, 200)}" is too long`);
  for await (const line of linesOf(createReadStream(file), lineBytesMax, tooLong)) {
    if (line.startsWith('@@ -')) return '--unified';
    if (line.startsWith('***************')) return '--context';
  }
  return undefined;
}
