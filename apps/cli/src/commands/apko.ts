import { systemClock } from '@kiln/base';
import { runApko } from '../apko/dispatch.ts';
import type { RawCommand } from '../command.ts';
import { Interrupt } from '../interrupt.ts';

export const apko: RawCommand = {
  name: 'apko',
  summary:
    'Do what apko does, with its flags: kiln apko --help lists the subcommands. Needs no running factory.',
  usage: 'apko SUBCOMMAND [FLAGS] [WORDS]',
  examples: [
    'kiln apko build nginx.yaml nginx:test nginx.tar',
    'kiln apko show-packages nginx.yaml --arch x86_64',
    "alias apko='kiln apko'",
  ],
  options: {},
  async runWords(words, print) {
    using interrupt = new Interrupt();
    return await runApko(words, {
      print,
      environment: process.env,
      clock: systemClock,
      signal: interrupt.signal,
    });
  },
};
