import { execFile } from 'node:child_process';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KilnError } from '@kiln/base';
import type { ProcMount } from './arguments.ts';
import { hostEnvironment } from './host-environment.ts';
import { overlayScratch, removeTree } from './scratch.ts';

const run = promisify(execFile);

/** What this host allows. */
export type SandboxSupport =
  | { readonly ok: true; readonly overlay: boolean; readonly procMount: ProcMount }
  | { readonly ok: false; readonly error: KilnError };

/**
 * Tries a sandbox whole, and its parts one by one only where that fails, to say which one it is.
 * The error is `SANDBOX_BWRAP_MISSING` or `SANDBOX_NO_USER_NAMESPACES`, with a hint.
 * `scratchParent` should be where the scratch directory will be: not every file system takes an overlay.
 */
export async function probeSandbox(scratchParent: string = tmpdir()): Promise<SandboxSupport> {
  const [whole, overlay] = await Promise.all([
    works(bubble('--proc', '/proc')),
    overlayWorks(scratchParent),
  ]);
  if (whole) return { ok: true, overlay, procMount: 'own' };
  for (const [program, debianPackage] of [
    ['bwrap', 'bubblewrap'],
    ['unshare', 'util-linux'],
    ['bash', 'bash'],
  ] as const) {
    if (!(await works([program, '--version']))) return missing(program, debianPackage);
  }
  if (await works(bubble('--ro-bind', '/proc', '/proc')))
    return { ok: true, overlay, procMount: 'shared' };
  return noNamespaces();
}

async function overlayWorks(scratchParent: string): Promise<boolean> {
  await mkdir(scratchParent, { recursive: true });
  const scratch = await mkdtemp(join(scratchParent, 'kiln-probe-'));
  try {
    const lower = join(scratch, 'lower');
    await mkdir(lower);
    const { overlay, root } = await overlayScratch(scratch, { roots: [lower] });
    return await works(namespaced('mount', '-n', '-t', 'overlay', '-o', overlay, 'overlay', root));
  } finally {
    await removeTree(scratch);
  }
}

function namespaced(...argv: string[]): string[] {
  return ['unshare', '--user', '--map-root-user', '--mount', ...argv];
}

function bubble(...proc: string[]): string[] {
  const isolation = ['--unshare-user', '--unshare-pid', '--unshare-net', '--cap-drop', 'ALL'];
  return namespaced('bwrap', '--ro-bind', '/', '/', ...proc, ...isolation, 'bash', '-c', ':');
}

async function works(argv: readonly string[]): Promise<boolean> {
  const [program = '', ...rest] = argv;
  try {
    await run(program, rest, { env: { ...hostEnvironment }, timeout: 10_000 });
    return true;
  } catch {
    // The answer is the refusal; its words differ between kernels.
    return false;
  }
}

function missing(program: string, debianPackage: string): SandboxSupport {
  return {
    ok: false,
    error: new KilnError('SANDBOX_BWRAP_MISSING', `the program "${program}" is not installed`, {
      hint: `as root: apt-get install -y ${debianPackage}`,
    }),
  };
}

function noNamespaces(): SandboxSupport {
  return {
    ok: false,
    error: new KilnError(
      'SANDBOX_NO_USER_NAMESPACES',
      'this host refuses user namespaces, without which nothing can be built in isolation',
      {
        hint: 'as root: sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000, on Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0; in a container allow the system calls unshare and mount',
      },
    ),
  };
}
