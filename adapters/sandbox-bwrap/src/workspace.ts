import type { FileHandle } from 'node:fs/promises';
import { constants, lstat, mkdir, open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '@kiln/base';
import { KilnError, assert, shorten, systemRandom, writeAll } from '@kiln/base';
import type { TreeEntry, Workspace, WorkspaceFile, WorkspacePort } from '@kiln/build';
import { readRootFile } from './root-file.ts';
import { removeTree } from './scratch.ts';
import { listFiles } from './workspace-files.ts';
import type { TreeLimits, TreeReading } from './workspace-tree.ts';
import { defaultTreeLimits, readWorkspaceTree } from './workspace-tree.ts';

export interface FsWorkspacesOptions {
  /** Absolute, and used by this process alone. */
  readonly directory: string;
  readonly random?: Random;
  readonly limits?: TreeLimits;
  /**
   * `guest` (default): the host's user is the guest's user 1000, as in `BwrapSandbox`, and extended attributes are not
   * read: a build without capabilities can set none that matter. `host`: owners are the host's numbers and extended
   * attributes are read, for builds with the rights of the host's root.
   */
  readonly owners?: 'guest' | 'host';
  /**
   * `melange`: workspaces are entered by their owner alone (mode 0700), extended attributes are read in any case, and a tree
   * that is gone is refused; by default it is an empty one. Default `kiln`.
   */
  readonly dialect?: 'kiln' | 'melange';
}

/**
 * Workspaces as directories of the host. No process of a build runs while a workspace is read or removed (a sandbox's run
 * settles after its last process), so a checked path stays what it was.
 */
export class FsWorkspaces implements WorkspacePort {
  readonly #options: FsWorkspacesOptions;

  private constructor(options: FsWorkspacesOptions) {
    this.#options = options;
  }

  /** Makes the directory and removes the workspaces that a crash left in it. */
  static async open(options: FsWorkspacesOptions): Promise<FsWorkspaces> {
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(options.directory)) {
      await removeTree(join(options.directory, name));
    }
    return new FsWorkspaces(options);
  }

  async create(name: string): Promise<Workspace> {
    const hostPath = this.#pathFor(name);
    await mkdir(hostPath, { mode: this.#options.dialect === 'melange' ? 0o700 : 0o755 });
    return new FsWorkspace(hostPath, this.#options);
  }

  /** Takes over what was a workspace elsewhere on the same file system: its directory moves here. */
  async adopt(name: string, path: string): Promise<Workspace> {
    const hostPath = this.#pathFor(name);
    await rename(path, hostPath);
    return new FsWorkspace(hostPath, this.#options);
  }

  #pathFor(name: string): string {
    assert(/^[A-Za-z0-9._-]{1,120}$/.test(name), 'a workspace is named by letters, digits and ._-');
    const id = (this.#options.random ?? systemRandom).id(4);
    return join(this.#options.directory, `w-${name}-${id}`);
  }
}

/** One directory; see `FsWorkspaces`. */
export class FsWorkspace implements Workspace {
  readonly hostPath: string;
  readonly #limits: TreeLimits;
  readonly #reading: TreeReading;

  constructor(
    hostPath: string,
    {
      limits = defaultTreeLimits,
      owners = 'guest',
      dialect = 'kiln',
    }: Pick<FsWorkspacesOptions, 'limits' | 'owners' | 'dialect'> = {},
  ) {
    this.hostPath = hostPath;
    this.#limits = limits;
    this.#reading = {
      owners,
      attributes: owners === 'host' || dialect === 'melange' ? 'read' : 'none',
      missing: dialect === 'melange' ? 'refuse' : 'empty',
    };
  }

  /** Throws `WORKSPACE_PATH_INVALID` and `WORKSPACE_PATH_TAKEN`. */
  async write(file: WorkspaceFile): Promise<void> {
    const parts = plainParts(file.path);
    const name = parts.pop() ?? '';
    const parent = await this.#directory(parts, file.path);
    const handle = await openNew(join(parent, name), file.path);
    try {
      const chunks = file.content instanceof Uint8Array ? [file.content] : file.content;
      for await (const chunk of chunks) await writeAll(handle, chunk);
      await handle.chmod(file.mode & 0o7777);
    } finally {
      await handle.close();
    }
  }

  /** Throws `WORKSPACE_PATH_INVALID`, and `WORKSPACE_PATH_TAKEN` where something else is in the way. */
  async makeDirectory(path: string): Promise<void> {
    await this.#directory(plainParts(path), path);
  }

  readTree(packageName: string): AsyncIterable<TreeEntry> {
    return readWorkspaceTree(this.hostPath, packageName, this.#limits, this.#reading);
  }

  list(depthMax: number): Promise<readonly string[]> {
    return listFiles(this.hostPath, depthMax, this.#limits);
  }

  async read(path: string, bytesMax: number): Promise<Uint8Array | undefined> {
    try {
      return await readRootFile(this.hostPath, path, bytesMax);
    } catch (error) {
      if (error instanceof KilnError) return undefined;
      throw error;
    }
  }

  async remove(): Promise<void> {
    await removeTree(this.hostPath);
  }

  async #directory(parts: readonly string[], asked: string): Promise<string> {
    let current = this.hostPath;
    for (const part of parts) {
      current = join(current, part);
      const found = await lstatOrUndefined(current);
      if (found === undefined) await mkdir(current, { mode: 0o755 });
      else if (!found.isDirectory()) throw taken(asked);
    }
    return current;
  }
}

async function openNew(path: string, asked: string): Promise<FileHandle> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw taken(asked);
    throw error;
  }
}

async function lstatOrUndefined(
  path: string,
): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function plainParts(path: string): string[] {
  const parts = path.split('/');
  const plain = (part: string): boolean =>
    part !== '' && part !== '.' && part !== '..' && !part.includes('\0');
  if (Buffer.byteLength(path) > 4096 || !parts.every(plain)) {
    throw new KilnError('WORKSPACE_PATH_INVALID', `not a plain relative path: "${shorten(path)}"`);
  }
  return parts;
}

function taken(path: string): KilnError {
  return new KilnError('WORKSPACE_PATH_TAKEN', `the workspace already has "${shorten(path)}"`);
}
