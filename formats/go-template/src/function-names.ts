/** The functions of Go's templates that are there. */
export const functionNames: ReadonlySet<string> = new Set([
  'and',
  'or',
  'not',
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'len',
  'index',
  'slice',
  'print',
  'printf',
  'println',
]);

/** Those that are not: nothing here is a function to be called, and nothing is written into a page. */
export const refusedFunctions: ReadonlySet<string> = new Set(['call', 'html', 'js', 'urlquery']);
