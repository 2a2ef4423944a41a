import { statSync } from 'node:fs';

/** Whether the system says that a file is not there. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** For `catch`: a value in place of a file that is not there. Throws everything else on. */
export function ifAbsent<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isAbsent(error)) return instead;
    throw error;
  };
}

/** Whether a file is there. */
export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
