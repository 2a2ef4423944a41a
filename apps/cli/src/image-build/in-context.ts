import { KilnError } from '@kiln/base';

/** Runs `work`; what it throws for a person to read says first what was being done. */
export async function inContext<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KilnError) || error.code === 'LOCAL_INTERRUPTED') throw error;
    const { code, hint, retry, details, cause } = error;
    throw new KilnError(code, `${doing}: ${error.message}`, { hint, retry, details, cause });
  }
}
