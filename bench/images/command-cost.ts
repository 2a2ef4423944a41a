import { spawnSync } from 'node:child_process';
import { median } from '../packages/median.ts';

/** What one run of a command needed. */
export interface CommandCost {
  readonly wallSeconds: number;
  /** User and system time of the process and its children. */
  readonly cpuSeconds: number;
  /** The most memory that one of its processes had resident at a time. */
  readonly peakBytes: number;
}

/** Runs a command below GNU time, which asks the kernel what its children used. Throws what it said when it fails. */
export function costOf(
  command: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): CommandCost {
  const startedAt = performance.now();
  const { status, stderr, error } = spawnSync('/usr/bin/time', ['-f', '%U %S %M', ...command], {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const wallSeconds = (performance.now() - startedAt) / 1000;
  if (status !== 0) throw new Error(`${command.join(' ')}: ${error?.message ?? stderr}`);
  const [user = 0, system = 0, peakKilobytes = 0] = (stderr.trimEnd().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  return { wallSeconds, cpuSeconds: user + system, peakBytes: peakKilobytes * 1024 };
}

/** The median of each figure, and the greatest peak. */
export function typicalCost(costs: readonly CommandCost[]): CommandCost {
  return {
    wallSeconds: median(costs.map(({ wallSeconds }) => wallSeconds)),
    cpuSeconds: median(costs.map(({ cpuSeconds }) => cpuSeconds)),
    peakBytes: Math.max(...costs.map(({ peakBytes }) => peakBytes)),
  };
}
