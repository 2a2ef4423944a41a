import { KilnError } from '@kiln/base';

/** Codes of troubles that lie outside the key: whoever is at fault comes back, or a person makes room. */
const passing: ReadonlySet<string> = new Set([
  'APK_CACHE_BROKEN',
  'BLOB_UNKNOWN',
  'SIGNER_UNAVAILABLE',
]);

const causesMax = 8;

/**
 * The error when it says that the disk is full, wherever in the chain of causes that stands: one that says so with a
 * hint, whoever met it. Undefined for every other error.
 */
export function diskFull(error: unknown): KilnError | undefined {
  let at = error;
  for (let depth = 0; depth < causesMax && at instanceof Error; depth += 1) {
    if (at instanceof KilnError && /_(NO_SPACE|DISK_FULL)$/.test(at.code)) return at;
    if (['ENOSPC', 'EDQUOT'].includes(String((at as NodeJS.ErrnoException).code ?? ''))) {
      return new KilnError('FACTORY_DISK_FULL', 'the disk that holds KILN_HOME is full', {
        hint: 'make room; what was under way is tried again every half minute, and nothing that was finished is lost',
        retry: 'later',
        cause: error,
      });
    }
    at = at.cause;
  }
  return undefined;
}

/**
 * True for what passes without anybody touching the key: a signer or a database that is being started again, a blob that
 * its owner makes anew. Such a failure is not held against the key.
 */
export function passes(error: unknown): boolean {
  return error instanceof KilnError && passing.has(error.code);
}
