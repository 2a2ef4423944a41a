import { KilnError, compareBytes, shorten } from '@kiln/base';
import type { SandboxRequest } from '@kiln/build';

/** How `/proc` appears: the sandbox's own, or the caller's read-only where the kernel refuses a new one. */
export type ProcMount = 'own' | 'shared';

/** File descriptors that bubblewrap gets besides the standard ones. */
export const argumentsFd = 3;
export const statusFd = 4;
/** Where a chain behind a terminal reads its words. */
export const wordsFd = 5;

/**
 * The options for bubblewrap, to be handed over through `--args` so that the environment never shows in a
 * process list. `root` is the host directory that becomes `/`.
 * Throws `SANDBOX_ARGUMENT_INVALID` for a NUL byte, a relative path or an impossible variable name.
 */
export function bwrapArguments(
  request: SandboxRequest,
  root: string,
  procMount: ProcMount = 'own',
): string[] {
  const mounts = request.mounts.map((mount) => [
    mount.readOnly ? '--ro-bind' : '--bind',
    absolute(mount.source),
    absolute(mount.target),
  ]);
  const argumentsList = [
    ['--bind', root, '/'],
    ...isolation(request),
    procMount === 'own' ? ['--proc', '/proc'] : ['--ro-bind', '/proc', '/proc'],
    ['--dev', '/dev'],
    request.keptRoot === undefined ? ['--perms', '1777', '--tmpfs', '/tmp'] : [],
    ...mounts,
    environmentArguments(request.environment),
    ['--chdir', absolute(request.workingDirectory)],
    ['--json-status-fd', String(statusFd)],
  ].flat();
  if (request.argv.length === 0) throw invalid('no command was given');
  for (const argument of [...argumentsList, ...request.argv]) refuseNul(argument);
  return argumentsList;
}

/** Whether the command runs as the host's root, which it must be. */
export function asHostRoot({ privileges = 'none', uid }: SandboxRequest): boolean {
  const asRoot = privileges !== 'none' && privileges.over !== 'own' && uid === 0;
  return asRoot && process.getuid?.() === 0;
}

function isolation(request: SandboxRequest): string[][] {
  const { privileges = 'none' } = request;
  const reaching = privileges !== 'none' && (privileges.over === 'own' || asHostRoot(request));
  const capabilities = reaching ? privileges.capabilities : [];
  return [
    asHostRoot(request)
      ? []
      : ['--unshare-user', '--uid', identifier(request.uid), '--gid', identifier(request.gid)],
    ['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    // With a relay the network is closed already, and the relay is in it.
    request.network === 'none' && request.relay === undefined ? ['--unshare-net'] : [],
    ['--hostname', request.hostname ?? 'kiln', '--die-with-parent', '--cap-drop', 'ALL'],
    // A command with a terminal is in the session of that one, which is no one else's.
    request.terminal === 'inherit' ? [] : ['--new-session'],
    ...capabilities.map((name) => ['--cap-add', capability(name)]),
  ];
}

function capability(name: string): string {
  if (!/^CAP_[A-Z_]{1,40}$/.test(name))
    throw invalid(`not the name of a capability: "${shorten(name)}"`);
  return name;
}

function environmentArguments(environment: Readonly<Record<string, string>>): string[] {
  const names = Object.keys(environment).sort(compareBytes);
  return [
    '--clearenv',
    ...names.flatMap((name) => {
      if (name === '' || name.includes('=')) {
        throw invalid(`not the name of a variable: "${shorten(name)}"`);
      }
      return ['--setenv', name, environment[name] ?? ''];
    }),
  ];
}

/**
 * The `lowerdir=…,upperdir=…,workdir=…` options of an overlay for the given roots (lowest first).
 * Throws `SANDBOX_ARGUMENT_INVALID` for paths that the option syntax cannot carry.
 */
export function overlayOptions(
  roots: readonly string[],
  upper: string,
  work: string,
  owner: 'user' | 'root' = 'user',
): string {
  if (roots.length === 0) throw invalid('no root directory was given');
  const paths = [...roots, upper, work];
  for (const path of paths) {
    absolute(path);
    refuseNul(path);
    if (/[:,\\"\n]/.test(path)) {
      throw invalid(`the path holds a character that an overlay cannot name: "${shorten(path)}"`);
    }
  }
  // The kernel wants the highest layer first.
  const lower = [...roots].reverse().join(':');
  const attributes = owner === 'user' ? 'userxattr,' : '';
  const options = `${attributes}volatile,lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  if (Buffer.byteLength(options) > 4000) throw invalid('the paths of the roots are too long');
  return options;
}

function absolute(path: string): string {
  if (!path.startsWith('/')) throw invalid(`not an absolute path: "${shorten(path)}"`);
  return path;
}

function identifier(id: number): string {
  if (!Number.isInteger(id) || id < 0 || id > 0xffff_fffe) {
    throw invalid(`not a user or group id: ${id}`);
  }
  return String(id);
}

function refuseNul(argument: string): void {
  if (argument.includes('\0')) {
    throw invalid(`an argument holds a NUL byte: "${shorten(argument)}"`);
  }
}

function invalid(message: string): KilnError {
  return new KilnError('SANDBOX_ARGUMENT_INVALID', message);
}
