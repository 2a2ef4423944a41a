import { stat } from 'node:fs/promises';

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
export async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(ifAbsent(undefined))) !== undefined;
}
