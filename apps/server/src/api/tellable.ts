import { KilnError } from '@kiln/base';

export interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** What may be said of an error to whoever asks: of one that nobody foresaw, whose words name paths and sockets, that the log has it. */
export function tellable(error: unknown): ToldError {
  if (!(error instanceof KilnError))
    return { code: 'INTERNAL', message: 'internal error', hint: 'kiln logs server' };
  const { code, message, hint = '' } = error;
  return { code, message, hint };
}
