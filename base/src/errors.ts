/** JSON-safe facts about an error, already free of secrets. */
export type Details = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** A place in a text a person wrote; line and column count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface KilnErrorOptions {
  /** What a person can do next. */
  readonly hint?: string | undefined;
  /** What a reconciler may do next; default `never`. */
  readonly retry?: 'never' | 'later';
  readonly details?: Details;
  readonly position?: Position | undefined;
  readonly cause?: unknown;
}

/**
 * What a user, an operator or a peer can cause. A programmer's mistake is an assertion instead.
 * `code` is stable and documented in `docs/errors.md`: upper case, prefixed by its package.
 * The message is lower case, without full stop and without advice; advice is the `hint`.
 */
export class KilnError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly retry: 'never' | 'later';
  readonly details: Details;
  readonly position: Position | undefined;

  constructor(code: string, message: string, options: KilnErrorOptions = {}) {
    const where = options.position;
    super(
      where === undefined ? message : `${where.file}:${where.line}:${where.column}: ${message}`,
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.name = 'KilnError';
    this.code = code;
    this.hint = options.hint;
    this.retry = options.retry ?? 'never';
    this.details = options.details ?? {};
    this.position = where;
  }
}

/** Shortens an offending value for a message: at most `limit` characters, control characters escaped. */
export function shorten(value: string, limit = 80): string {
  const safe = oneLine(value);
  return safe.length <= limit ? safe : `${safe.slice(0, limit - 1)}…`;
}

/** The text of somebody else as part of one line: control characters are escaped, which end lines and move a terminal's cursor. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, escapedControl);
}

/** `\xNN` for a control character. */
export function escapedControl(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Fails when a thing only a programmer can cause is not so. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
