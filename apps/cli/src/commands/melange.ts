import { melangeProgram } from '../melange/program.ts';
import type { RawCommand } from '../command.ts';
import { wordsOf } from '../drop-in/run-words.ts';

export const melange: RawCommand = {
  name: 'melange',
  summary:
    'Do what melange does, with its flags: kiln melange --help lists the subcommands. Needs no running factory.',
  usage: 'melange SUBCOMMAND [FLAGS] [WORDS]',
  examples: [
    'kiln melange keygen',
    'kiln melange build zlib.yaml --arch x86_64 --signing-key melange.rsa',
    "alias melange='kiln melange'",
  ],
  options: {},
  runWords: wordsOf(melangeProgram),
};
