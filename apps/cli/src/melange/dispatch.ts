import { runProgram } from '../drop-in/dispatch.ts';
import type { DropInWorld } from '../drop-in/dispatch.ts';
import { melangeProgram } from './program.ts';

/** Runs the words after `kiln melange`. The exit code is melange's: 0, or 1 whatever went wrong. */
export function runMelange(words: readonly string[], world: DropInWorld): Promise<number> {
  return runProgram(melangeProgram, words, world);
}
