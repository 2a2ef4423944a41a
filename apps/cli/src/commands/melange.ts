import { systemClock } from '@kiln/base';
import type { RawCommand } from '../command.ts';
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
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    // Only the first signal asks; the next one ends the process as it would without us.
    process.once('SIGINT', abort);
    process.once('SIGTERM', abort);
    return runMelange(words, {
      print,
      environment: process.env,
      clock: systemClock,
      signal: stop.signal,
    });
  },
};
