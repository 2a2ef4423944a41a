import fs from 'node:fs';
import type { DropInInvocation, Subcommand } from '../../drop-in/subcommand.ts';
import { buildImages } from '../build-images.ts';
import { imageFlags, includeFlag, limitFlags } from '../flags.ts';
import { baseNameOf, parseImageName } from '../image-name.ts';
import { cacheDirectoryOf } from '../repositories.ts';
import { WorkFolder } from '../work-folder.ts';
import { writeArchive } from '../write-archive.ts';
import { writeLayout } from '../write-layout.ts';
import { writeSboms } from '../write-sboms.ts';

export const build: Subcommand = {
  name: 'build',
  usage: '<config.yaml> <tag> <output.tar|oci-layout-dir/>',
  summary: 'Build an image of a configuration',
  description:
    'Build the images of a configuration: into a folder that exists as an OCI layout, otherwise as an archive that docker load reads. Their SBOMs go to --sbom-path, or to where the command runs.',
  examples: [
    'kiln apko build nginx.yaml nginx:test nginx.tar',
    'kiln apko build --arch x86_64 nginx.yaml nginx:test layout/',
  ],
  positionals: { min: 3, max: 3 },
  flags: { ...imageFlags, ...includeFlag, ...limitFlags },
  run: buildImage,
};

async function buildImage(invocation: DropInInvocation): Promise<void> {
  const { positionals, flags } = invocation;
  const [file = '', name = '', output = ''] = positionals;
  const tag = parseImageName(name);
  await using work = await WorkFolder.create(cacheDirectoryOf(invocation, true));
  const built = await buildImages({
    invocation,
    file,
    repositoryName: baseNameOf(tag),
    work,
    has: { folders: true, limits: true },
  });
  if (fs.statSync(output, { throwIfNoEntry: false })?.isDirectory() === true)
    await writeLayout(output, built, work);
  else await writeArchive(output, { built, tag, work });
  await writeSboms(flags.string('sbom-path'), built.sboms);
}
