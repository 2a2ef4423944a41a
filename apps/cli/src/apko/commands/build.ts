import fs from 'node:fs';
import type { DropInInvocation, Subcommand } from '../../drop-in/subcommand.ts';
import { folderPlace } from '../../folder-place.ts';
import { buildImages } from '../../image-build/build-images.ts';
import { taskOfFlags } from '../task-of-flags.ts';
import { imageFlags, includeFlag, limitFlags } from '../flags.ts';
import { baseNameOf, parseNameAsApko, parseTagAsApko } from '../../image-build/image-name.ts';
import { inWorkFolder } from '../../image-build/work-folder.ts';
import { writeArchive } from '../../image-build/write-archive.ts';
import { writeLayout } from '../../image-build/write-layout.ts';
import { writeSboms } from '../../image-build/write-sboms.ts';

const flagTable = { ...imageFlags, ...includeFlag, ...limitFlags };

export const build: Subcommand = {
  name: 'build',
  usage: '<config.yaml> <tag> <output.tar|oci-layout-dir/>',
  summary: 'Build an image of a configuration',
  description:
    'Build the images of a configuration: into a folder that exists as an OCI layout, otherwise as an archive that docker load reads. Their SBOMs go to --sbom-path, or to where the command runs.',
  examples: [
    'kiln apko build nginx.yaml nginx:test nginx.tar',
    'mkdir layout && kiln apko build --arch x86_64 nginx.yaml nginx:test layout/',
  ],
  positionals: { min: 3, max: 3 },
  flags: flagTable,
  run: buildImage,
};

async function buildImage(invocation: DropInInvocation): Promise<void> {
  const { positionals, flags } = invocation;
  const [, name = '', output = ''] = positionals;
  const tag = parseTagAsApko(name);
  const isFolder = fs.statSync(output, { throwIfNoEntry: false })?.isDirectory() === true;
  const archived = isFolder ? undefined : parseNameAsApko(name);
  if (isFolder) folderPlace(output);
  const task = taskOfFlags(invocation, flagTable);
  await inWorkFolder(task, async (work) => {
    const built = await buildImages({ task, repositoryName: tag && baseNameOf(tag), work });
    if (archived === undefined) await writeLayout(output, built, work);
    else await writeArchive(output, { built, tag: archived, work });
    await writeSboms(flags.string('sbom-path'), built.sboms);
  });
}
