import fs from 'node:fs';
import path from 'node:path';
import { KilnError } from '@kiln/base';
import type { Command } from '../command.ts';
import { usage } from '../command.ts';

/** The files of a new catalog, by path. */
export function starterFiles(name: string, date: string): Readonly<Record<string, string>> {
  return {
    'catalog.yaml': `# A catalog of your own, reconciled beside Kiln OS: kiln up --catalog DIR
name: ${name}
# The vendor in package URLs and SBOMs.
namespace: ${name}
# SOURCE_DATE_EPOCH of every build is midnight UTC of this day; moving it rebuilds everything.
date: ${date}
`,
    'recipes/hello.yaml': `# A package, in melange's language. The files beside it (recipes/hello/) are in the workspace.
package:
  name: hello
  version: 1.0.0
  epoch: 0
  description: Says hello
  copyright:
    - license: Apache-2.0

environment:
  contents:
    packages:
      - build-base

pipeline:
  - runs: |
      cc $CFLAGS $LDFLAGS -o hello hello.c
      install -D -m 0755 hello "\${{targets.destdir}}/usr/bin/hello"
`,
    'recipes/hello/hello.c': `#include <stdio.h>

int main(int argc, char **argv) {
  printf("hello, %s\\n", argc > 1 ? argv[1] : "world");
  return 0;
}
`,
    'images/hello.yaml': `# An image, in apko's language. The factory adds the repositories and their keys.
contents:
  packages:
    - baselayout
    - glibc
    - hello

accounts:
  run-as: "65532"

entrypoint:
  command: /usr/bin/hello

archs:
  - x86_64

annotations:
  org.opencontainers.image.title: hello
  org.opencontainers.image.description: Says hello
`,
    'images/hello.test.yaml': `# The image is tagged only when this passes. Steps run in the image's own file system, as its user, without network:
# "exec" is a program and its arguments, "runs" a shell script (for which the test adds a shell).
environment:
  contents:
    packages:
      - busybox

pipeline:
  - name: It starts
    exec: [/usr/bin/hello]

  - name: It greets whom it is told to
    runs: test "$(hello Kiln)" = "hello, Kiln"
`,
  };
}

export const init: Command = {
  name: 'init',
  summary: 'Make a catalog of your own: a recipe, its image and its tests.',
  wordsMax: 1,
  usage: 'init DIR',
  examples: ['kiln init my-catalog && kiln up --catalog my-catalog'],
  options: {
    name: {
      type: 'string',
      value: 'NAME',
      help: 'name of the catalog and of its package repository (the folder’s)',
    },
  },
  async run({ positionals, flags, print }) {
    const folder = positionals[0];
    if (folder === undefined) throw usage(init, 'which folder?');
    const root = path.resolve(folder);
    const wanted =
      typeof flags['name'] === 'string' ? flags['name'] : path.basename(root).toLowerCase();
    const name = wanted.replace(/[^a-z0-9._-]+/g, '-').replace(/^[^a-z0-9]+/, '') || 'catalog';
    if (fs.existsSync(root) && fs.readdirSync(root).length > 0) {
      throw new KilnError('INIT_NOT_EMPTY', `${root} is not empty`, {
        hint: 'name a folder that does not exist yet',
      });
    }
    for (const [file, text] of Object.entries(
      starterFiles(name, new Date().toISOString().slice(0, 10)),
    )) {
      fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      fs.writeFileSync(path.join(root, file), text);
      print.data(`${path.join(folder, file)}\n`);
    }
    print.talk(`\nbuild it with: kiln up --catalog ${folder} --only hello\n`);
    return 0;
  },
};
