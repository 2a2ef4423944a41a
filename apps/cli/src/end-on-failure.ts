import { describeError, exitCodeOf } from './report.ts';

/**
 * Runs the start of a process that others watch. One that fails ends at once, whatever it holds open by then: a process
 * that is there and does nothing would never be started again.
 */
export async function endOnFailure(start: () => Promise<void>): Promise<void> {
  try {
    await start();
  } catch (error) {
    process.stderr.write(describeError(error), () => process.exit(exitCodeOf(error) || 1));
  }
}
