/** The same error. Where it is one that the system gave of a file that is open, which does not say which file, it gets this path. */
export function withPlace(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  // One that a thread tells of has the property in any case.
  return 'path' in error && error.path !== undefined ? error : Object.assign(error, { path });
}
