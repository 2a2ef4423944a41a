import { KilnError } from '@kiln/base';
import { isConnectionLost } from '@kiln/postgres';

export interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** The error where it is one to tell of: undefined for what nobody foresaw, whose words name paths and sockets. */
export function foreseen(error: unknown): KilnError | undefined {
  if (error instanceof KilnError) return error;
  if (!isConnectionLost(error)) return undefined;
  return new KilnError('DATABASE_UNAVAILABLE', 'the database does not answer', {
    hint: 'it is started again by itself: try again in a moment',
    retry: 'later',
    cause: error,
  });
}

/** What is said of an error to whoever asks. */
export function tellable(error: unknown): ToldError {
  const known = foreseen(error);
  if (known === undefined)
    return { code: 'INTERNAL', message: 'internal error', hint: 'kiln logs server' };
  return { code: known.code, message: known.message, hint: known.hint ?? '' };
}
