import { constants, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { KilnError, shorten } from '@kiln/base';
import type { Config } from '@kiln/oci';
import type { RootEntry } from '@kiln/sandbox-bwrap';
import { findInRoot } from '@kiln/sandbox-bwrap';
import { nearestWord } from '@kiln/yaml/nearest';

/** Where glibc looks when there is no `PATH`, which bubblewrap does. */
const pathDefault = '/bin:/usr/bin';
const namesMax = 10_000;
const ownerExecutes = 0o100;
/** As much as the kernel looks at. */
const scriptHeadBytes = 256;

/**
 * Refuses a program that the image cannot run, before bubblewrap does in its words: `IMAGE_PROGRAM_MISSING`, also for a script whose
 * interpreter is missing, and `IMAGE_PROGRAM_NOT_EXECUTABLE` for a folder and for a file whose owner may not execute it, as all files
 * are the user's there. `image` is what messages call it. A name without a slash is looked for in the image's `PATH`.
 */
export async function requireProgram(
  root: string,
  { config }: Config,
  { program, image }: { readonly program: string; readonly image: string },
): Promise<void> {
  const start = path.posix.resolve('/', config.workingDir ?? '');
  const searched = config.env?.findLast((pair) => pair.startsWith('PATH='))?.slice(5);
  const folders = (searched ?? pathDefault).split(':').map((folder) => within(start, folder));
  const isPath = program.includes('/');
  const places = isPath ? [within(start, program)] : placesIn(folders, program);
  const found = await Promise.all(places.map((place) => look(root, place)));
  const named = `"${shorten(program, 200)}"`;
  const missing: string[] = [];
  for (const one of found) {
    if (one === undefined || one === 'closed' || !isProgram(one)) continue;
    const interpreter = await interpreterOf(root, one);
    if (interpreter === undefined) return;
    if ((await look(root, within(start, interpreter))) !== undefined) return;
    missing.push(interpreter);
  }
  if (missing[0] !== undefined)
    throw new KilnError(
      'IMAGE_PROGRAM_MISSING',
      `${image} has no "${shorten(missing[0], 200)}", which is to run ${named}`,
      { hint: 'add the package that has it to the image' },
    );
  const [first] = found.filter((one) => one !== undefined);
  if (first !== undefined)
    throw new KilnError(
      'IMAGE_PROGRAM_NOT_EXECUTABLE',
      first !== 'closed' && first.stats.isDirectory()
        ? `${named} is a folder in ${image}`
        : `${named} may not be executed in ${image}`,
    );
  const all = isPath ? [path.posix.dirname(places[0] ?? '/'), ...folders] : folders;
  const meant = await nearest(root, program, all);
  throw new KilnError('IMAGE_PROGRAM_MISSING', `${image} has no program ${named}`, {
    hint:
      meant === undefined
        ? `programs are looked for in ${shorten(folders.join(':'), 200)}`
        : `did you mean ${shorten(meant, 200)}?`,
  });
}

const within = (folder: string, place: string): string =>
  place.startsWith('/') ? place : `${folder}/${place}`;

/** No folder has a program without a name. */
const placesIn = (folders: readonly string[], name: string): string[] =>
  name === '' ? [] : folders.map((folder) => `${folder}/${name}`);

const isProgram = ({ stats }: RootEntry): boolean =>
  stats.isFile() && (stats.mode & ownerExecutes) !== 0;

/** What runs a script, as the kernel reads its first line; undefined for what is no script. */
async function interpreterOf(
  root: string,
  { path: place }: RootEntry,
): Promise<string | undefined> {
  try {
    await using file = await open(
      path.join(root, place),
      constants.O_RDONLY | constants.O_NOFOLLOW,
    );
    const { buffer, bytesRead } = await file.read(Buffer.alloc(scriptHeadBytes));
    return /^#![ \t]*([^\s\0]+)/.exec(buffer.toString('utf8', 0, bytesRead))?.[1];
  } catch (error) {
    // A program that may be executed and not read says itself what is wrong.
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return undefined;
    throw error;
  }
}

/** `closed` where a folder on the way may not be entered. */
async function look(root: string, place: string): Promise<RootEntry | 'closed' | undefined> {
  try {
    return await findInRoot(root, place);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES') return 'closed';
    if (code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}

/** A program whose name is like the one that is missing: as a path where that is one. */
async function nearest(
  root: string,
  program: string,
  folders: readonly string[],
): Promise<string | undefined> {
  const word = path.posix.basename(program);
  for (const folder of folders) {
    const entry = await look(root, folder);
    if (entry === undefined || entry === 'closed' || !entry.stats.isDirectory()) continue;
    const names = (await readdir(path.join(root, entry.path))).slice(0, namesMax);
    const name = nearestWord(word, names);
    if (name !== undefined) return program.includes('/') ? path.posix.join(folder, name) : name;
  }
  return undefined;
}
