import { KilnError, shorten } from '@kiln/base';
import type { Digest } from '@kiln/base';

/** What is kept of a package on disk is not what was written; it was dropped. */
export function cacheBroken(apk: Digest, path: string, cause?: unknown): KilnError {
  return new KilnError(
    'APK_CACHE_BROKEN',
    `expanded package ${apk} is damaged at "${shorten(path)}"`,
    {
      hint: 'it was dropped and will be expanded again; if this repeats, check the disk',
      retry: 'later',
      cause,
    },
  );
}
