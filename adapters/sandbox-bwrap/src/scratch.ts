import { execFile } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KilnError, messageOf } from '@kiln/base';
import type { SandboxRequest } from '@kiln/build';
import { overlayOptions } from './arguments.ts';
import { hostEnvironment } from './host-environment.ts';

const run = promisify(execFile);

/** A view of some roots, to be thrown away but for what is to be kept. */
export interface ScratchRoot {
  /** What the sandbox gets as `/`. */
  readonly root: string;
  /** Options for the overlay to mount there; "" when the tree is ready. */
  readonly overlay: string;
  /** What the tree is made of, highest first. */
  readonly layers: readonly string[];
}

/**
 * Lays out an overlay's directories under `scratch`; nothing is mounted yet. A layer that is kept gets a new work directory
 * each time, as the kernel refuses one that was used without waiting for the disk.
 */
export async function overlayScratch(
  scratch: string,
  { roots, keptRoot }: Roots,
  owner: 'user' | 'root' = 'user',
): Promise<ScratchRoot> {
  const root = join(scratch, 'root');
  const upper = join(keptRoot ?? scratch, 'upper');
  const work = join(scratch, 'work');
  const overlay = overlayOptions(roots, upper, work, owner);
  for (const directory of [root, upper, work]) await mkdir(directory, { recursive: true });
  return { root, overlay, layers: [upper, ...roots.toReversed()] };
}

type Roots = Pick<SandboxRequest, 'roots' | 'keptRoot'>;

/**
 * Without overlays: a copy of the roots, sharing blocks where the file system can. Not hard links: a build
 * that opens a file for writing would then change the cached environment under every other build.
 * Throws `SANDBOX_COPY_FAILED`.
 */
export async function copyScratch(
  scratch: string,
  { roots, keptRoot }: Roots,
): Promise<ScratchRoot> {
  const root = join(keptRoot ?? scratch, 'root');
  const view = { root, overlay: '', layers: [root] };
  if ((await mkdir(root, { recursive: true })) === undefined) return view;
  for (const source of roots) {
    try {
      await run('cp', ['-a', '--reflink=auto', '--remove-destination', '--', `${source}/.`, root], {
        env: { ...hostEnvironment },
      });
    } catch (error) {
      throw new KilnError('SANDBOX_COPY_FAILED', `cannot copy a root: ${messageOf(error)}`, {
        hint: 'check the free space under the scratch directory',
        retry: 'later',
        cause: error,
      });
    }
  }
  return view;
}

/**
 * Removes a tree that a sandbox may have filled with directories nobody can enter: if the plain way fails,
 * by the root of a user namespace with the same mapping. Throws the file system's error if that fails too.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    // Unreadable directories of an unprivileged user; the mapped root may enter them.
    await run('unshare', ['--user', '--map-root-user', 'rm', '-rf', '--', path], {
      env: { ...hostEnvironment },
    });
  }
}

/** The first `count` CPUs of those this process may use, as `taskset` reads them. */
export async function cpuList(count: number): Promise<string> {
  const status = await readFile('/proc/self/status', 'latin1');
  const allowed = expandCpuList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '0');
  return allowed.slice(0, Math.max(1, Math.floor(count))).join(',');
}

/** `0-2,5` as `[0, 1, 2, 5]`. */
export function expandCpuList(text: string): number[] {
  return text.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
