import { runProgram } from '../drop-in/dispatch.ts';
import type { DropInWorld } from '../drop-in/dispatch.ts';
import { apkoProgram } from './program.ts';

/** Runs the words after `kiln apko`. The exit code is apko's: 0, or 1 whatever went wrong. */
export function runApko(words: readonly string[], world: DropInWorld): Promise<number> {
  return runProgram(apkoProgram, words, world);
}
