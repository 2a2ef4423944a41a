import type { DropInInvocation, Subcommand } from '../../drop-in/subcommand.ts';
import { buildImages } from '../build-images.ts';
import { imageFlags } from '../flags.ts';
import { baseNameOf, parseImageName } from '../image-name.ts';
import { inContext } from '../in-context.ts';
import { pushImages } from '../push-images.ts';
import { cacheDirectoryOf } from '../repositories.ts';
import { WorkFolder } from '../work-folder.ts';
import { writeSboms } from '../write-sboms.ts';
import { writeFile } from '../write-file.ts';

export const publish: Subcommand = {
  name: 'publish',
  usage: '<config.yaml> <tag...>',
  summary: 'Build an image and push it to a registry',
  description:
    'Build the images of a configuration and push them, with their index under each tag, using the credentials that docker or login keep. Prints the name of the index by its digest.',
  examples: ['kiln apko publish nginx.yaml registry.example.org/team/nginx:1.29'],
  positionals: { min: 2 },
  flags: {
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
  },
  run: publishImage,
};

async function publishImage(invocation: DropInInvocation): Promise<void> {
  const { positionals, flags, write, log, environment, signal } = invocation;
  const [file = '', ...names] = positionals;
  const tags = names.map(parseImageName);
  await using work = await WorkFolder.create(cacheDirectoryOf(invocation, true));
  const built = await inContext('failed to build image components', () =>
    buildImages({
      invocation,
      file,
      repositoryName: tags[0] === undefined ? 'image' : baseNameOf(tags[0]),
      work,
      has: { folders: false, limits: false },
    }),
  );
  const references = await pushImages(built, tags, { work, environment, log, signal });
  const list = flags.string('image-refs');
  if (list !== '') await writeFile(list, [Buffer.from(`${references.join('\n')}\n`)]);
  const folder = flags.string('sbom-path');
  if (folder !== '') await writeSboms(folder, built.sboms);
  write(`${references.at(-1) ?? ''}\n`);
}
