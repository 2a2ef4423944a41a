import path from 'node:path';
import type { DropInInvocation, Subcommand } from '../../drop-in/subcommand.ts';
import { buildImages } from '../../image-build/build-images.ts';
import type { FlagTable } from '../../drop-in/flag.ts';
import { taskOfFlags } from '../task-of-flags.ts';
import { imageFlags } from '../flags.ts';
import { baseNameOf, parsePushedNameAsApko, parseTagAsApko } from '../../image-build/image-name.ts';
import { inContext } from '../../image-build/in-context.ts';
import { pushImages } from '../../image-build/push-images.ts';
import { inWorkFolder } from '../../image-build/work-folder.ts';
import { writeSboms } from '../../image-build/write-sboms.ts';
import { requireFolderOf, writeFile } from '../../image-build/write-file.ts';

const flagTable: FlagTable = {
  ...imageFlags,
  'image-refs': {
    type: 'string',
    help: 'a file for the names of all that was pushed, by digest, one a line',
  },
  local: {
    type: 'bool',
    help: 'load the image into docker',
    refused: 'build an archive, and give it to docker load',
  },
};

export const publish: Subcommand = {
  name: 'publish',
  usage: '<config.yaml> <tag...>',
  summary: 'Build an image and push it to a registry',
  description:
    'Build the images of a configuration and push them, with their index under each tag, using the credentials that docker or login keep. Prints the name of the index by its digest.',
  examples: ['kiln apko publish nginx.yaml registry.example.org/team/nginx:1.29'],
  positionals: { min: 2 },
  flags: flagTable,
  run: publishImage,
};

async function publishImage(invocation: DropInInvocation): Promise<void> {
  const { positionals, flags, write, log, environment, signal } = invocation;
  const [, ...names] = positionals;
  const tags = names.map(parsePushedNameAsApko);
  const list = flags.string('image-refs');
  const folder = flags.string('sbom-path');
  if (list !== '') requireFolderOf(list);
  const task = taskOfFlags(invocation, flagTable);
  if (folder !== '' && task.sbomFormats.length > 0) requireFolderOf(path.join(folder, 'sbom'));
  const first = parseTagAsApko(names[0] ?? '');
  const repositoryName = first && baseNameOf(first);
  const { built, references } = await inWorkFolder(task, async (work) => {
    const made = await inContext('failed to build image components', () =>
      buildImages({ task, repositoryName, work }),
    );
    const pushed = await pushImages(made, tags, { work, environment, log, signal });
    return { built: made, references: pushed };
  });
  if (list !== '') await writeFile(list, [Buffer.from(`${references.join('\n')}\n`)]);
  if (folder !== '') await writeSboms(folder, built.sboms);
  write(`${references.at(-1) ?? ''}\n`);
}
