import { KilnError } from '@kiln/base';

const hints: readonly (readonly [RegExp, string, string, string])[] = [
  [
    /error while loading shared libraries|cannot open shared object file/,
    'POSTGRES_LIBRARY_MISSING',
    'a library that PostgreSQL needs is missing',
    'install the named library',
  ],
  [
    /No space left on device|Disk quota exceeded/i,
    'POSTGRES_DISK_FULL',
    'the disk that holds the database is full',
    'free space under KILN_HOME and start again; nothing that was committed is lost',
  ],
  [
    /bwrap: .*(namespace|uid map|setting up|Operation not permitted|Permission denied)/i,
    'POSTGRES_NAMESPACE_REFUSED',
    'this host refuses user namespaces, which PostgreSQL needs under root',
    'allow them (sysctl kernel.unprivileged_userns_clone=1, or a container with seccomp=unconfined), or start as an ordinary user',
  ],
  [
    /could not (bind|create|listen on) (any )?Unix|Unix-domain socket path/i,
    'POSTGRES_SOCKET_UNUSABLE',
    'the database socket cannot be made',
    'set TMPDIR to a directory of your own with a short path',
  ],
  [
    /database files are incompatible|was initialized by PostgreSQL version/i,
    'POSTGRES_DATA_INCOMPATIBLE',
    'the database was made by another version of PostgreSQL',
    'start the release that made it and export its data, or begin anew with kiln reset',
  ],
];

/** The error for what a PostgreSQL program wrote before it gave up; `code` where nothing is recognised. */
export function startFailure(
  output: string,
  code: 'POSTGRES_INIT_FAILED' | 'POSTGRES_START_FAILED',
): KilnError {
  const tail = output.trim().split('\n').slice(-6).join('\n').slice(-1_500);
  const known = hints.find(([pattern]) => pattern.test(output));
  if (known === undefined) {
    return new KilnError(code, `PostgreSQL did not start: ${tail || 'it said nothing'}`, {
      hint: 'see log/postgres.log under KILN_HOME',
      retry: 'later',
    });
  }
  return new KilnError(known[1], `${known[2]}: ${tail}`, { hint: known[3], retry: 'later' });
}

/** True when another server of the same directory is still on its way out. */
export function isPassingConflict(output: string): boolean {
  return /pre-existing shared memory block|lock file ".*" (already exists|is empty)|is another postmaster/i.test(
    output,
  );
}
