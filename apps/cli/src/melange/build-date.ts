import { KilnError, shorten } from '@kiln/base';

/**
 * The build date in seconds since 1970: `SOURCE_DATE_EPOCH`, or else the flag (RFC 3339, in any case), or else 0.
 * Throws `MELANGE_USAGE`.
 */
export function buildDate(
  flag: string,
  environment: Readonly<Record<string, string | undefined>>,
): number {
  const dated = dateOf(flag);
  const epoch = environment['SOURCE_DATE_EPOCH'];
  if (epoch !== undefined && epoch !== '') {
    if (/^(?:\+?\d{1,12}|-0+)$/.test(epoch.trim())) return Math.abs(Number(epoch));
    throw invalid(`SOURCE_DATE_EPOCH is "${shorten(epoch)}"`, 'give seconds since 1970');
  }
  return dated;
}

/** How far from UTC SBOMs say the build date: as far as the flag does, where that counts. */
export function buildDateOffset(
  flag: string,
  environment: Readonly<Record<string, string | undefined>>,
): number {
  if ((environment['SOURCE_DATE_EPOCH'] ?? '') !== '') return 0;
  const [, sign = '', hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(flag) ?? [];
  const size = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return sign === '-' ? -size || 0 : size;
}

/** A guest takes no blanks around `SOURCE_DATE_EPOCH`, which compiling passes over. Throws `MELANGE_USAGE`. */
export function requireBareDate(environment: Readonly<Record<string, string | undefined>>): void {
  const epoch = environment['SOURCE_DATE_EPOCH'] ?? '';
  if (epoch !== epoch.trim())
    throw invalid(`SOURCE_DATE_EPOCH has blanks: "${shorten(epoch)}"`, 'give seconds since 1970');
}

function dateOf(flag: string): number {
  if (flag === '') return 0;
  const time = /^\d{4}-\d\d-\d\d[Tt ]/.test(flag) ? Date.parse(flag) : Number.NaN;
  if (!Number.isNaN(time)) return Math.floor(time / 1000);
  throw invalid(
    `--build-date is "${shorten(flag)}"`,
    'give RFC 3339, such as 2026-01-02T03:04:05Z',
  );
}

function invalid(message: string, hint: string): KilnError {
  return new KilnError('MELANGE_USAGE', message, { hint });
}
