import type { AssemblyDialect } from '@kiln/assemble';
import { KilnError, shorten } from '@kiln/base';

/** When an image is made. */
export interface BuildDate {
  /** What `--build-date` says, or 0: no index is older. */
  readonly flagSeconds: number;
  /** How far from UTC `--build-date` says it; in dialect `kiln` all times are UTC's. */
  readonly flagOffsetMinutes: number;
  /** The same, or what `SOURCE_DATE_EPOCH` says. */
  readonly epochSeconds: number;
  readonly epochOffsetMinutes: number;
  /** Packages that are younger count for nothing. */
  readonly isFixed: boolean;
}

/**
 * Reads `--build-date` and `SOURCE_DATE_EPOCH`. In dialect `kiln` the flag counts before the variable, and either is the date;
 * in dialect `apko` the variable counts before the flag, and alone holds against younger packages, empty too. Throws `USAGE`.
 */
export function buildDate(
  flag: string,
  environment: Readonly<Record<string, string | undefined>>,
  dialect: AssemblyDialect,
): BuildDate {
  const flagSeconds = flag === '' ? 0 : secondsOf(flag);
  const flagOffsetMinutes = offsetOf(flag);
  const epoch = environment['SOURCE_DATE_EPOCH'];
  const isSet = epoch !== undefined && epoch.trim() !== '';
  if (dialect === 'kiln') {
    const epochSeconds = isSet && flag === '' ? epochOf(epoch) : flagSeconds;
    const isFixed = isSet || flag !== '';
    return { ...none, flagSeconds: epochSeconds, epochSeconds, isFixed };
  }
  return {
    flagSeconds,
    flagOffsetMinutes,
    epochSeconds: isSet ? epochOf(epoch) : flagSeconds,
    epochOffsetMinutes: isSet ? 0 : flagOffsetMinutes,
    isFixed: epoch !== undefined,
  };
}

const none = { flagOffsetMinutes: 0, epochOffsetMinutes: 0 };

/** The years 0 to 9999: those that RFC 3339 can say. */
const secondsMin = -62_167_219_200;
const secondsMax = 253_402_300_799;

function epochOf(text: string): number {
  const isNumber = /^[+-]?\d{1,12}$/.test(text);
  const seconds = Number(text);
  if (isNumber && seconds >= secondsMin && seconds <= secondsMax) return seconds;
  throw new KilnError('USAGE', `failed to parse SOURCE_DATE_EPOCH: "${shorten(text)}"`, {
    hint: 'give seconds since 1970',
  });
}

function offsetOf(text: string): number {
  const [, sign = '', hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(text) ?? [];
  const size = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return sign === '-' ? -size || 0 : size;
}

/** RFC 3339, and as apko, which is to say Go, reads it: the hour may have one digit. */
const timePattern = /^(\d{4}-\d\d-\d\dT)(\d\d?)(:\d\d:[0-5]\d)(?:[.,]\d+)?(Z|[+-]\d\d:\d\d)$/;

function secondsOf(text: string): number {
  const [, day = '', hour = '', rest = '', zone = ''] = timePattern.exec(text) ?? [];
  try {
    const time = `${day}${hour.padStart(2, '0')}${rest}${zone}`;
    return Temporal.Instant.from(time).epochMilliseconds / 1000;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new KilnError('USAGE', `--build-date is "${shorten(text)}"`, {
      hint: 'give RFC 3339, such as 2026-01-02T03:04:05Z',
      cause,
    });
  }
}
