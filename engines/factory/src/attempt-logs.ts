import { KilnError } from '@kiln/base';

/** The log of one attempt, written while it runs. */
export interface AttemptLog {
  /** Noted with the attempt, so that the log is found again. */
  readonly reference: string;
  write(chunk: Uint8Array | string): void;
  close(): void;
}

/** Where reconcilers write what a person wants to read of an attempt. Nothing is made until something is written. */
export interface AttemptLogs {
  open(attemptId: string): AttemptLog;
}

/** Writes what went wrong as the command line shows it, when it is an error with a code. */
export function explain(log: AttemptLog, error: unknown): void {
  if (!(error instanceof KilnError)) return;
  log.write(`error[${error.code}]: ${error.message}\n`);
  if (error.hint !== undefined) log.write(`hint: ${error.hint}\n`);
}
