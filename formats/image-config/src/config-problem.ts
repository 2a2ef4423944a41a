/** A rule that a configuration breaks, with the place of the value. */
export interface ConfigProblem {
  readonly message: string;
  readonly path: readonly (string | number)[];
  readonly hint: string | undefined;
  readonly code: 'IMAGE_CONFIG_INVALID' | 'IMAGE_CONFIG_WORDS';
}

export function problem(
  path: readonly (string | number)[],
  message: string,
  hint?: string,
): ConfigProblem {
  return { path, message, hint, code: 'IMAGE_CONFIG_INVALID' };
}
