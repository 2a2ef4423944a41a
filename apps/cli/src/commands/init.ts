import fs from 'node:fs';
import path from 'node:path';
import { KilnError, shellWord, shorten } from '@kiln/base';
import type { Command } from '../command.ts';
import { usage } from '../command.ts';
import { folderPlace } from '../folder-place.ts';

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
  usage: 'init DIR [--name NAME]',
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
    const root = folderPlace(folder);
    const name = typeof flags['name'] === 'string' ? named(flags['name']) : nameOfFolder(root);
    if (fs.existsSync(root) && fs.readdirSync(root).length > 0) {
      throw new KilnError('INIT_NOT_EMPTY', `${root} is not empty`, {
        hint: 'name a folder that does not exist yet',
      });
    }
    const files = starterFiles(name, new Date().toISOString().slice(0, 10));
    writeAll(root, files);
    print.data(
      Object.keys(files)
        .map((file) => `${path.join(folder, file)}\n`)
        .join(''),
    );
    print.talk(`\nbuild it with: kiln up --catalog ${shellWord(folder)} --only hello\n`);
    return 0;
  },
};

function named(name: string): string {
  if (/^[a-z0-9][a-z0-9._-]*$/.test(name)) return name;
  throw new KilnError('USAGE', `--name is "${shorten(name)}"`, {
    hint: 'a name is of lower-case letters, digits and . _ - and begins with a letter or digit',
  });
}

/** The nearest that a name may be. */
function nameOfFolder(root: string): string {
  const text = path.basename(root).toLowerCase();
  return text.replace(/[^a-z0-9._-]+/g, '-').replace(/^[^a-z0-9]+/, '') || 'catalog';
}

/** All of them or none: half a catalog would be in the way of the next attempt. */
function writeAll(root: string, files: Readonly<Record<string, string>>): void {
  const made = fs.mkdirSync(root, { recursive: true });
  try {
    for (const [file, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      fs.writeFileSync(path.join(root, file), text);
    }
  } catch (error) {
    for (const name of fs.readdirSync(root))
      fs.rmSync(path.join(root, name), { recursive: true, force: true });
    if (made !== undefined) fs.rmSync(made, { recursive: true, force: true });
    throw error;
  }
}
