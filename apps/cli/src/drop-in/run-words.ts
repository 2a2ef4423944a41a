import { systemClock } from '@kiln/base';
import type { RawCommand } from '../command.ts';
import { Interrupt, hangupExitCode } from '../interrupt.ts';
import { runProgram } from './dispatch.ts';
import type { DropInProgram } from './program.ts';

/** How a command runs whose words are those of another program: in the world of this process, until Ctrl-C. */
export function wordsOf(program: DropInProgram): RawCommand['runWords'] {
  return async (words, print) => {
    using interrupt = new Interrupt();
    const exitCode = await runProgram(program, words, {
      print,
      environment: process.env,
      clock: systemClock,
      signal: interrupt.signal,
    });
    // The programs whose words these are end of a hangup as the kernel says.
    return exitCode !== 0 && interrupt.isHangup ? hangupExitCode : exitCode;
  };
}
