/** White space in a line as Unicode has it, a class of a regular expression: `\s` takes a byte order mark, and no U+0085. */
export const blankClass =
  '[\\t\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
