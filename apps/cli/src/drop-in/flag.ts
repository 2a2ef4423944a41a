/** A value as a flag holds it; durations are milliseconds. */
export type FlagValue = boolean | string | number | readonly string[];

interface FlagFacts {
  /** One letter: `-k`. */
  readonly shorthand?: string;
  readonly help: string;
  /** In no help page. */
  readonly hidden?: boolean;
  /** What to use instead; the flag is in no help page, and its use is reported. */
  readonly deprecated?: string;
  readonly required?: boolean;
  /** Why the flag is accepted without effect; undefined where it has its effect. */
  readonly unused?: string;
  /** Why any value but the default is an error. */
  readonly refused?: string;
}

/** One flag as data: types, names and defaults are the tool's. */
export type Flag = FlagFacts &
  (
    | { readonly type: 'bool'; readonly default?: boolean }
    | {
        readonly type: 'string';
        readonly default?: string;
        /** Says why a value is not possible, or nothing. */
        readonly check?: (value: string) => string | undefined;
        /** What the table of exceptions says of values that the tool takes and `check` does not. */
        readonly exception?: string;
      }
    /** Comma-separated with CSV's quotes, or repeated; the first use replaces the default. */
    | { readonly type: 'strings'; readonly default?: readonly string[] }
    /** Repeated; commas mean nothing. */
    | { readonly type: 'stringArray'; readonly default?: readonly string[] }
    | { readonly type: 'int'; readonly default?: number }
    | { readonly type: 'duration' }
  );

/** Flags by name, without dashes. */
export type FlagTable = Readonly<Record<string, Flag>>;

/** What a flag holds before it is given. */
export function defaultOf(flag: Flag): FlagValue {
  switch (flag.type) {
    case 'bool':
      return flag.default ?? false;
    case 'string':
      return flag.default ?? '';
    case 'strings':
    case 'stringArray':
      return flag.default ?? [];
    case 'int':
      return flag.default ?? 0;
    case 'duration':
      return 0;
  }
}
