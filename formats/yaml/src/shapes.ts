import { z } from 'zod';
import { parseDuration } from './duration.ts';

/** A string that keeps the scalar's source text: `1.10`, `0755` and `true` stay as written; null is "". */
export function text(): z.ZodString {
  return z.string();
}

/** A whole number from an unquoted scalar. */
export function integer(): z.ZodInt {
  return z.int();
}

/** A boolean from an unquoted scalar. */
export function boolean(): z.ZodBoolean {
  return z.boolean();
}

/** Milliseconds from a duration in Go's notation (`90s`, `1h30m`); a bare number is an error. */
export function duration(): z.ZodType<number, string> {
  return z.string().transform((value, context) => {
    const parsed = value === '0' ? undefined : parseDuration(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: 'expected a duration such as "90s" or "1h30m"' });
    return z.NEVER;
  });
}
