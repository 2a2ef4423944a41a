import { shorten } from '@kiln/base';
import type { Reference } from '@kiln/oci';
import { parseReference } from '@kiln/oci';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { buildImages } from '../image-build/build-images.ts';
import { imageOptions } from '../image-build/command-options.ts';
import { ensureFolder, withImageTask } from '../image-build/command-task.ts';
import { baseNameOf, parseImageName } from '../image-build/image-name.ts';
import { pushImages } from '../image-build/push-images.ts';
import { reportImages } from '../image-build/report-images.ts';
import { inWorkFolder } from '../image-build/work-folder.ts';
import { requireFolderOf, writeFile } from '../image-build/write-file.ts';
import { textOf } from '../local/options.ts';
import { writeSbomsOf } from './image-build.ts';

export const imagePublish: Command = {
  name: 'image publish',
  summary:
    'Build images of a configuration and push them to a registry, under each of the names, with the credentials that docker keeps. Needs no running factory.',
  usage: 'image publish CONFIG REFERENCE... [--arch ARCH] [--json]',
  examples: [
    'kiln image publish nginx.yaml registry.example.org/team/nginx:1.29 registry.example.org/team/nginx:latest',
    'cosign sign --key cosign.key "$(kiln image publish nginx.yaml registry.example.org/team/nginx:1.29)"',
  ],
  options: {
    ...jsonOption,
    'image-refs': {
      type: 'string',
      value: 'FILE',
      help: 'a file for the names of all that was pushed, by digest, one a line; the index last',
    },
    ...imageOptions,
  },
  async run(invocation) {
    const { flags, positionals, print } = invocation;
    const tags = tagsOf(positionals.slice(1));
    const list = textOf(flags['image-refs']);
    const sbomFolder = textOf(flags['sbom-path']);
    if (list !== undefined) requireFolderOf(list);
    const made = await withImageTask(imagePublish, invocation, async (task) => {
      const { environment, log, signal } = task;
      const repositoryName = tags[0] === undefined ? 'image' : baseNameOf(tags[0]);
      const { built, references } = await inWorkFolder(task, async (work) => {
        const images = await buildImages({ task, repositoryName, work });
        // Before the image is everybody's.
        if (sbomFolder !== undefined) await ensureFolder(sbomFolder);
        task.onStage?.('pushing');
        const pushed = await pushImages(images, tags, { work, environment, log, signal });
        return { built: images, references: pushed };
      });
      if (list !== undefined) await writeFile(list, [Buffer.from(`${references.join('\n')}\n`)]);
      return { built, sboms: await writeSbomsOf(built, invocation) };
    });
    reportImages(print, { ...made, tags, output: undefined }, { json: flags['json'] === true });
    return 0;
  },
};

/** Each with its registry: a bare name means this factory’s elsewhere, and Docker’s to docker. */
function tagsOf(words: readonly string[]): readonly Reference[] {
  if (words.length === 0) throw usage(imagePublish, 'where to?');
  return words.map((text) => {
    const { registry, digest } = parseReference(text);
    if (registry === '')
      throw usage(imagePublish, `"${shorten(text)}" names no registry, such as docker.io/${text}`);
    if (digest !== undefined)
      throw usage(
        imagePublish,
        `"${shorten(text, 200)}" has a digest, which is not for you to say`,
      );
    return parseImageName(text);
  });
}
