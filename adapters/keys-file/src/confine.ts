/** What a confined process may see and change. */
export interface Confinement {
  /** Replaced by an empty directory that cannot be removed; a real path, without symbolic links. */
  readonly keysDirectory: string;
  /** The factory's home: stays writable. */
  readonly home: string;
  /** What stays writable beside `home`, `/tmp` and `/var/tmp`; missing ones are skipped. */
  readonly writable?: readonly string[];
  /** Parts of `home` that stay read-only, such as the public keys that verification trusts; missing ones are skipped. */
  readonly readOnly?: readonly string[];
  /** Further directories to replace by empty ones. */
  readonly hidden?: readonly string[];
  readonly workingDirectory?: string;
  /** Where bubblewrap reports the pid of the sandbox's first process: an open descriptor number. */
  readonly infoDescriptor?: number;
}

/** Mounts a proc of the new pid namespace, then steps into a child user namespace. `$@` is the command. */
const enter = 'mount -t proc proc /proc && exec unshare --user --map-root-user --mount -- "$@"';

/**
 * The command line under which a worker runs, so that it and every build it starts cannot reach the signing keys.
 *
 * 1. bubblewrap makes user namespace A with own mount, pid and ipc namespaces: the host's files read-only, `home` and
 *    `writable` writable, a minimal `/dev` (no disks, no kernel memory), the key directory covered by an empty tmpfs.
 * 2. In A a proc of the new pid namespace is mounted, uncovered, because the kernel lets nested sandboxes mount their own
 *    only when a whole one is visible. The signer is not in it and cannot be signalled.
 * 3. The command runs in user namespace B, a child of A, with its own copy of the mounts. Mounts that come from a more
 *    privileged namespace are locked: they cannot be unmounted, moved, or bound apart, even by root in B. Root in B
 *    has no capability in the signer's user namespace, so ptrace, `/proc/PID/mem` and `/proc/PID/root` are refused.
 *
 * In B the process is root over its own namespaces: it can mount overlays, and start sandboxes of its own. It dies with
 * the parent. Signals do not pass through bubblewrap; see `spawnConfined`.
 */
export function confine(argv: readonly string[], confinement: Confinement): readonly string[] {
  const { home, keysDirectory, workingDirectory, infoDescriptor } = confinement;
  const writable = ['/tmp', '/var/tmp', ...(confinement.writable ?? [])];
  const hidden = [keysDirectory, ...(confinement.hidden ?? [])];
  return [
    ['bwrap', '--unshare-user', '--uid', '0', '--gid', '0', '--cap-add', 'ALL'],
    ['--unshare-pid', '--unshare-ipc', '--die-with-parent', '--new-session'],
    ['--ro-bind', '/', '/', '--dev', '/dev'],
    writable.flatMap((path) => ['--bind-try', path, path]),
    ['--bind', home, home],
    (confinement.readOnly ?? []).flatMap((path) => ['--ro-bind-try', path, path]),
    hidden.flatMap((path) => ['--tmpfs', path, '--remount-ro', path]),
    workingDirectory === undefined ? [] : ['--chdir', workingDirectory],
    infoDescriptor === undefined ? [] : ['--info-fd', String(infoDescriptor)],
    ['--', '/bin/sh', '-c', enter, 'confine', ...argv],
  ].flat();
}
