import { KilnError, messageOf } from '@kiln/base';

/** How a failure is counted: `lost` means that the lease ran out, not that the key is at fault. */
export type FailureClass = 'retriable' | 'nonRetriable' | 'infrastructure' | 'lost';

/** What is kept of an error with a key and with an attempt; JSON-safe and bounded. */
export interface Failure {
  readonly class: FailureClass;
  /** The code of a `KilnError`, otherwise `UNEXPECTED`. */
  readonly code: string;
  /** At most 4,000 characters. */
  readonly message: string;
  readonly hint: string | undefined;
}

const messageCharsMax = 4_000;

/** The record of anything that was thrown. The messages of the causes follow, each after a colon. */
export function failureOf(error: unknown, failureClass: FailureClass = 'retriable'): Failure {
  return {
    class: failureClass,
    code: error instanceof KilnError ? error.code : 'UNEXPECTED',
    message: bounded(chainOf(error)),
    hint: error instanceof KilnError && error.hint !== undefined ? bounded(error.hint) : undefined,
  };
}

/** PostgreSQL and JSON consumers refuse NUL; everything else is kept, whole characters only. */
function bounded(text: string): string {
  return text.replaceAll('\0', '\uFFFD').slice(0, messageCharsMax).toWellFormed();
}

function chainOf(error: unknown): string {
  const messages: string[] = [];
  for (let at: unknown = error; at !== undefined && messages.length < 8; at = causeOf(at)) {
    messages.push(messageOf(at));
  }
  return messages.join(': ');
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
