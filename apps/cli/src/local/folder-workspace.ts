import fs from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KilnError, shorten } from '@kiln/base';
import type { Workspace, WorkspaceFile, WorkspacePort } from '@kiln/build';
import { FsWorkspace, removeTree, type FsWorkspacesOptions } from '@kiln/sandbox-bwrap';
import { isDirectory, sourceFiles } from './source-directory.ts';

/**
 * A workspace in a folder that somebody named: what lies there stays, but for files that take the places of others, until the
 * work is done; then the folder is removed, or left for somebody to look into.
 */
class FolderWorkspace extends FsWorkspace {
  readonly #after: 'remove' | 'leave';

  constructor(
    folder: string,
    options: Pick<FsWorkspacesOptions, 'owners' | 'dialect'>,
    after: 'remove' | 'leave',
  ) {
    super(folder, options);
    this.#after = after;
  }

  override async write(file: WorkspaceFile): Promise<void> {
    await rm(path.join(this.hostPath, file.path), { force: true });
    await super.write(file);
  }

  override async remove(): Promise<void> {
    if (this.#after === 'remove') await super.remove();
  }
}

/** A folder of the command line that is the workspace, and whether it stays. */
export interface WorkspaceFolder {
  /** Absolute. */
  readonly path: string;
  readonly after: 'remove' | 'leave';
}

/** Every workspace is the folder that was named. */
export function folderWorkspaces(
  { path: folder, after }: WorkspaceFolder,
  options: Pick<FsWorkspacesOptions, 'owners' | 'dialect'>,
): WorkspacePort {
  return {
    create: async () => {
      await mkdir(folder, { recursive: true, mode: 0o755 });
      return new FolderWorkspace(folder, options, after);
    },
  };
}

/** Removes what is in a folder. */
export async function emptyFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await removeTree(path.join(folder, name));
}

/** The one workspace of all tests of a recipe, as melange has it: what a test leaves there the next one finds. */
export class SharedWorkspace implements WorkspacePort, AsyncDisposable {
  readonly #workspace: Workspace;
  #after: 'remove' | 'leave';

  private constructor(workspace: Workspace, after: 'remove' | 'leave') {
    this.#workspace = workspace;
    this.#after = after;
  }

  /**
   * With the files of a source directory, `.melangeignore` or not. Undefined where a folder that was named is not there, and
   * nothing runs or is to be put into it. Throws `LOCAL_SOURCE_INVALID` for a source that is no directory, and for a folder
   * that is not there though steps run.
   */
  static async open({
    sourceDirectory,
    named,
    runs,
  }: {
    readonly sourceDirectory: string | undefined;
    readonly named: WorkspaceFolder | undefined;
    /** Whether any test has steps. */
    readonly runs: boolean;
  }): Promise<SharedWorkspace | undefined> {
    if (sourceDirectory !== undefined && fs.existsSync(sourceDirectory))
      requireFolder(sourceDirectory);
    if (named !== undefined && sourceDirectory === undefined && !isDirectory(named.path)) {
      if (!runs) return undefined;
      requireFolder(named.path);
    }
    const folder = named?.path ?? (await mkdtemp(path.join(tmpdir(), 'kiln-test-')));
    await mkdir(folder, { recursive: true, mode: 0o755 });
    const workspace = new FolderWorkspace(folder, { dialect: 'melange' }, 'leave');
    // melange leaves one that was named where a test fails, whatever --rm says.
    const shared = new SharedWorkspace(workspace, named === undefined ? 'remove' : 'leave');
    if (sourceDirectory === undefined) return shared;
    try {
      for (const file of sourceFiles(sourceDirectory, 'leave-out', 'all'))
        await workspace.write(file);
      return shared;
    } catch (error) {
      await shared[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Nothing is to be looked into any more: the folder goes, whoever named it. */
  passed(): void {
    this.#after = 'remove';
  }

  create(): Promise<Workspace> {
    return Promise.resolve(this.#workspace);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#after === 'remove') await removeTree(this.#workspace.hostPath);
  }
}

function requireFolder(name: string): void {
  if (isDirectory(name)) return;
  throw new KilnError('LOCAL_SOURCE_INVALID', `no such folder: "${shorten(name, 200)}"`);
}
