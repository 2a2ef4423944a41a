import { readFileSync, readdirSync } from 'node:fs';

/** What a process and those of its children that ended have used. */
export interface ProcessFigures {
  readonly cpuMs: number;
  /** Bytes that went to the disk, or will. */
  readonly writtenBytes: number;
}

/** Clock ticks in a second, as Linux counts for programs. */
const ticksPerSecond = 100;

/** Reads a process of this machine; nothing of one that is gone. */
export function processFigures(pid: number): ProcessFigures {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold anything; after its last bracket come fields 3 and on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
    const io = readFileSync(`/proc/${pid}/io`, 'utf8');
    const written = Number(/^write_bytes: (\d+)$/m.exec(io)?.[1] ?? 0);
    return { cpuMs: (ticks * 1000) / ticksPerSecond, writtenBytes: written };
  } catch {
    return { cpuMs: 0, writtenBytes: 0 };
  }
}

/** The children of a process that run, with how they were started. */
export function childrenOf(
  pid: number,
): readonly { readonly pid: number; readonly command: string }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) !== pid) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return [{ pid: Number(name), command }];
    } catch {
      // It ended while we looked.
      return [];
    }
  });
}

/** A process with all that it started, and those started, that run. */
export function familyFigures(pid: number): ProcessFigures {
  return [processFigures(pid), ...childrenOf(pid).map((child) => familyFigures(child.pid))].reduce(
    (sum, one) => ({
      cpuMs: sum.cpuMs + one.cpuMs,
      writtenBytes: sum.writtenBytes + one.writtenBytes,
    }),
  );
}
