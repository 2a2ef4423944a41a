/** A rule that a configuration breaks, with the place of the value. */
export interface ConfigProblem {
  readonly message: string;
  readonly path: readonly (string | number)[];
  readonly hint: string | undefined;
}

export function problem(
  path: readonly (string | number)[],
  message: string,
  hint?: string,
): ConfigProblem {
  return { path, message, hint };
}
