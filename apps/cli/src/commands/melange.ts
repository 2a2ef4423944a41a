import { systemClock } from '@kiln/base';
import type { RawCommand } from '../command.ts';
import { Interrupt } from '../interrupt.ts';
import { runMelange } from '../melange/dispatch.ts';

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
  async runWords(words, print) {
    using interrupt = new Interrupt();
    return await runMelange(words, {
      print,
      environment: process.env,
      clock: systemClock,
      signal: interrupt.signal,
    });
  },
};
