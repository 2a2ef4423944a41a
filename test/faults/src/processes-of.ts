import fs from 'node:fs';

/** The processes of a factory that a fault may hit; the worker is the one inside its namespaces. */
export type Role = 'server' | 'worker' | 'signer' | 'postgres' | 'supervisor';

/** One process of this host. */
export interface Seen {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** Every process that has this home in its command line, environment or working directory. */
export function processesOf(home: string): readonly Seen[] {
  const seen: Seen[] = [];
  for (const name of fs.readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid <= 1 || pid === process.pid) continue;
    const one = look(pid, home);
    if (one !== undefined) seen.push(one);
  }
  return seen;
}

function look(pid: number, home: string): Seen | undefined {
  try {
    const argv = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    const environment = fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    const about = [...argv, fs.readlinkSync(`/proc/${pid}/cwd`)];
    const ours =
      environment.includes(`KILN_HOME=${home}`) || about.some((text) => text.includes(home));
    return ours && argv.length > 0 ? { pid, argv } : undefined;
  } catch {
    // It ended, or it is somebody else's.
    return undefined;
  }
}

/** The processes that play a role in the factory of this home now: one, or none between two lives. */
export function playing(home: string, role: Role): readonly number[] {
  return processesOf(home).flatMap(({ pid, argv }) => (plays(argv, home, role) ? [pid] : []));
}

/** The process that plays a role now. */
export function processOf(home: string, role: Role): number | undefined {
  return playing(home, role)[0];
}

function plays(argv: readonly string[], home: string, role: Role): boolean {
  const program = argv[0] ?? '';
  if (role === 'postgres')
    return program.endsWith('/postgres') && argv.includes(`${home}/postgres`);
  return program.endsWith('/node') && argv.at(-2) === 'process' && argv.at(-1) === role;
}
