import fs from 'node:fs';
import path from 'node:path';
import { shorten } from '@kiln/base';
import { isRepositoryName, parseReference, printReference } from '@kiln/oci';
import type { Reference } from '@kiln/oci';
import type { Command, Invocation } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { folderPlace } from '../folder-place.ts';
import { archiveOutput } from '../image-build/archive-output.ts';
import type { ArchiveOutput } from '../image-build/archive-output.ts';
import { buildImages } from '../image-build/build-images.ts';
import type { BuiltImages } from '../image-build/build-images.ts';
import { imageOptions } from '../image-build/command-options.ts';
import { ensureFolder, withImageTask } from '../image-build/command-task.ts';
import { baseNameOf, parseImageName } from '../image-build/image-name.ts';
import { layersOf, ociArchive, writeOciFolder } from '../image-build/oci-output.ts';
import { reportImages } from '../image-build/report-images.ts';
import type { ImageTask } from '../image-build/task.ts';
import { inWorkFolder } from '../image-build/work-folder.ts';
import type { WorkFolder } from '../image-build/work-folder.ts';
import { dockerArchive } from '../image-build/write-archive.ts';
import { writeLayout } from '../image-build/write-layout.ts';
import { writeSboms } from '../image-build/write-sboms.ts';
import { textOf } from '../local/options.ts';

export const imageBuild: Command = {
  name: 'image build',
  summary:
    'Build images of a configuration: into a folder as an OCI layout, or into an archive that docker load, podman load and skopeo read. Needs no running factory.',
  usage: 'image build CONFIG -o DIR/|FILE.tar|- [-t NAME:TAG] [--arch ARCH] [--json]',
  examples: [
    'kiln image build nginx.yaml -o nginx.tar',
    'kiln image build nginx.yaml -o - | docker load',
    'kiln image build nginx.yaml -o layout/ -r https://packages.example.org/os -k os.rsa.pub',
    'kiln image build nginx.yaml -o nginx.tar --lockfile nginx.lock.json --sbom-path sboms',
    "kiln image build nginx.yaml -o nginx.tar --json | jq -r '.images[] | .arch, .packages[].name'",
  ],
  options: {
    ...jsonOption,
    output: {
      type: 'string',
      short: 'o',
      value: 'DIR/|FILE.tar|-',
      help: 'an OCI layout where it ends in / or is a folder, otherwise an archive, which - prints',
    },
    tag: {
      type: 'string',
      short: 't',
      value: 'NAME:TAG',
      help: 'what the image is called (the name of the configuration, latest)',
    },
    ...imageOptions,
  },
  async run(invocation) {
    const { flags } = invocation;
    const output = outputOf(invocation);
    const tag = tagOf(invocation);
    const sbomFolder = textOf(flags['sbom-path']);
    const { built, sboms } = await withImageTask(imageBuild, invocation, (task) =>
      inWorkFolder(task, async (work) => {
        const made = await buildImages({ task, repositoryName: baseNameOf(tag), work });
        // Before the image, which would be left without the SBOMs that were asked for.
        if (sbomFolder !== undefined) await ensureFolder(sbomFolder);
        await write(made, { task, output, tag, work });
        return { built: made, sboms: await writeSbomsOf(made, invocation) };
      }),
    );
    const json = flags['json'] === true;
    const print = output.kind === 'archive' ? output.archive.print : invocation.print;
    reportImages(print, { built, tags: [tag], output: output.name, sboms }, { json });
    return 0;
  },
};

type ImageOutput = { readonly name: string } & (
  | { readonly kind: 'folder' }
  | { readonly kind: 'archive'; readonly archive: ArchiveOutput }
);

function outputOf(invocation: Invocation): ImageOutput {
  const text = textOf(invocation.flags['output']);
  if (text === undefined) throw usage(imageBuild, 'where to? give -o layout/ or -o image.tar');
  const isFolder =
    text.endsWith('/') || fs.statSync(text, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder) {
    folderPlace(text);
    return { name: text, kind: 'folder' };
  }
  if (text.endsWith('.tar') || text === '-' || text === '/dev/stdout') {
    const archive = archiveOutput(imageBuild, invocation, text);
    return { name: archive.name, kind: 'archive', archive };
  }
  throw usage(
    imageBuild,
    `-o is a folder, such as layout/, or an archive, such as image.tar, and not "${shorten(text, 200)}"`,
  );
}

/** The tag that is given, or one made of the name of the configuration's file. */
function tagOf({ flags, positionals }: Invocation): Reference {
  const given = textOf(flags['tag']);
  const name = path.parse(positionals[0] ?? '').name.toLowerCase();
  const reference = parseReference(given ?? (isRepositoryName(name) ? name : 'image'));
  if (reference.digest !== undefined)
    throw usage(imageBuild, '--tag has a digest, which is not for you to say');
  return { ...reference, tag: reference.tag ?? 'latest' };
}

async function write(
  built: BuiltImages,
  {
    task,
    output,
    tag,
    work,
  }: {
    readonly task: ImageTask;
    readonly output: ImageOutput;
    readonly tag: Reference;
    readonly work: WorkFolder;
  },
): Promise<void> {
  const images = { built, name: tag, work };
  if (output.kind === 'folder') {
    if (task.dialect === 'apko') await writeLayout(output.name, built, work);
    else await writeOciFolder(output.name, images);
    return;
  }
  if (output.archive.isStream) await work.compare(layersOf(built));
  await output.archive.write(
    task.dialect === 'apko'
      ? dockerArchive({ built, tag: parseImageName(printReference(tag)), work })
      : ociArchive(images),
  );
}

/** Writes SBOMs where they are wanted, and returns their files. */
export async function writeSbomsOf(
  { sboms }: BuiltImages,
  { flags }: Invocation,
): Promise<readonly string[]> {
  const folder = textOf(flags['sbom-path']);
  if (folder === undefined) return [];
  await ensureFolder(folder);
  await writeSboms(folder, sboms);
  return sboms.map(({ name }) => path.join(folder, name));
}
