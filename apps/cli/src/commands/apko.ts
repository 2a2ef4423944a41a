import { apkoProgram } from '../apko/program.ts';
import type { RawCommand } from '../command.ts';
import { wordsOf } from '../drop-in/run-words.ts';

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
  runWords: wordsOf(apkoProgram),
};
