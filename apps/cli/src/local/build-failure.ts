import { KilnError, type Position } from '@kiln/base';
import { placed, showsOutput, type BuildFailure } from '@kiln/build';

const findingsMax = 20;

/** A build's failure as an error: its message, its findings or the last lines of the step, its place and its hint. */
export function failureOf(failure: BuildFailure): KilnError {
  const { code, message, findings, hint, position, retry = 'never' } = failure;
  const mark = showsOutput(failure) ? '| ' : '';
  const shown = findings.slice(0, findingsMax).map((finding) => `\n  ${mark}${finding}`);
  const left = findings.length - shown.length;
  const more = left > 0 ? `\n  and ${left} more` : '';
  return new KilnError(code, `${message}${shown.join('')}${more}`, { hint, position, retry });
}

/** The place of a recipe that asks for what nobody has; what is wrong with a repository has none in a recipe. */
export function placedUnsolved(error: unknown, position: Position, prefix = ''): unknown {
  const unsolved = error instanceof KilnError && error.code === 'GUEST_UNSOLVED';
  return unsolved ? placed(error, position, prefix) : error;
}
