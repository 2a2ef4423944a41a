import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BareRepository } from './bare-repository.ts';
import type { MirrorRefs } from './resolve.ts';

/**
 * Writes a bare repository with the refs and no other, which shares the packs of the cache's. It holds more objects than
 * its refs reach, but a clone of it does not.
 */
export async function writeMirror(
  repository: BareRepository,
  { refs, head }: MirrorRefs,
  directory: string,
): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  for (const path of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags'])
    await mkdir(join(directory, path), { recursive: true, mode: 0o755 });
  for (const name of await repository.packs()) {
    const pack = join('objects/pack', name);
    await link(join(repository.directory, pack), join(directory, pack));
  }
  const packed = [...refs].map(([ref, object]) => `${object} ${ref}\n`).join('');
  await writeFile(join(directory, 'packed-refs'), packed);
  await writeFile(
    join(directory, 'HEAD'),
    'ref' in head ? `ref: ${head.ref}\n` : `${head.object}\n`,
  );
  await writeFile(join(directory, 'config'), configuration);
  const shallow = await repository.shallow();
  if (shallow !== '') await writeFile(join(directory, 'shallow'), shallow);
}

/** Submodules whose commit is not that of HEAD are asked for by the commit. */
const configuration = `[core]
	repositoryFormatVersion = 0
	bare = true
[uploadpack]
	allowAnySHA1InWant = true
`;
