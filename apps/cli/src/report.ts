import { KilnError, escapedControl, messageOf, oneLine } from '@kiln/base';
import { hostErrorOf } from './host-error.ts';
import { interruptedExitCode } from './interrupt.ts';

/** 0 done, 1 failed, 2 usage, 3 refused by policy or verification, 4 not found, 75 try again later, 126 and 127 as shells for a program that cannot be run, 128 and more interrupted. */
export function exitCodeOf(thrown: unknown): number {
  const error = hostErrorOf(thrown) ?? thrown;
  if (!(error instanceof KilnError)) return 1;
  if (error.code === 'USAGE') return 2;
  if (error.code === 'LOCAL_INTERRUPTED') return interruptedExitCode(error);
  if (error.code === 'IMAGE_PROGRAM_MISSING') return 127;
  if (error.code === 'IMAGE_PROGRAM_NOT_EXECUTABLE') return 126;
  if (error.code === 'VERIFY_FAILED' || error.code === 'LOCAL_RELEASE_UNACKNOWLEDGED') return 3;
  if (error.code.endsWith('_NOT_FOUND') || error.code === 'COMPOSE_BASE_UNKNOWN') return 4;
  return error.retry === 'later' ? 75 : 1;
}

/** `error[CODE]: message`, the causes, and the hint; a stack only for what is nobody's fault but ours. */
export function describeError(thrown: unknown): string {
  const error = hostErrorOf(thrown) ?? thrown;
  if (!(error instanceof KilnError)) {
    return `error[INTERNAL]: ${messageOf(error)}\n${error instanceof Error ? (error.stack ?? '') : ''}\n`;
  }
  const lines = [`error[${error.code}]: ${error.message}`];
  let cause: unknown = error.cause;
  for (let depth = 0; cause !== undefined && depth < 5; depth++) {
    lines.push(`  because: ${messageOf(cause)}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  if (error.hint !== undefined && error.hint !== '') lines.push(`hint: ${error.hint}`);
  return `${withoutControls(lines.join('\n'))}\n`;
}

/** Without the characters that move a terminal's cursor: what is wrong may be said in words of whoever caused it. */
export function withoutControls(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, escapedControl);
}

/** Columns padded to their widest cell; no trailing blanks, and no control characters. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows].map((row) => row.map(oneLine));
  // Not by spreading: a list may have more rows than a call may have arguments.
  const widths = header.map((_, column) =>
    all.reduce((width, row) => Math.max(width, (row[column] ?? '').length), 0),
  );
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
    .concat('\n');
}

/** `12.3 MB`, decimal units. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** A time between two events, roughly: `40s`, `5m`, `3h`, `2d`. */
export function roughly(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.round(hours / 24)}d`;
}

/** `3m 20s`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (milliseconds < 1000) return `${milliseconds}ms`;
  if (seconds < 60) return `${seconds}s`;
  return `${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, '0')}s`;
}
