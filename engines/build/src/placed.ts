import { KilnError, type Position } from '@kiln/base';

/** An error of the world with the place in the recipe that it is about; what has a place, or is no `KilnError`, stays as it is. */
export function placed(error: unknown, position: Position, prefix = ''): unknown {
  if (!(error instanceof KilnError) || error.position !== undefined) return error;
  const { code, message, hint, retry, details, cause } = error;
  return new KilnError(code, `${prefix}${message}`, { hint, retry, details, position, cause });
}
