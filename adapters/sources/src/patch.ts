import { KilnError, shorten } from '@kiln/base';
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

/** Applies a patch with the host's patch. Throws `SOURCE_PATCH_FAILED`, and the signal's reason. */
export async function applyPatch(request: PatchRequest): Promise<void> {
  const { name, file, directory, stripComponents, fuzz, signal } = request;
  const options = [`-p${stripComponents}`, `--fuzz=${fuzz}`, `--input=${file}`];
  const reason = await runHostTool({ argv: ['patch', '--batch', ...options], directory, signal });
  if (reason === undefined) return;
  throw new KilnError(
    'SOURCE_PATCH_FAILED',
    `patch "${shorten(name, 200)}" does not apply: ${shorten(reason, 300)}`,
    { hint: 'patch has to be installed, and the patch has to be made for this version' },
  );
}
