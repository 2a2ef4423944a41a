import type { Random } from '@kiln/base';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Factory } from '../../e2e/src/factory.ts';
import type { Role } from './processes-of.ts';
import { processOf, processesOf } from './processes-of.ts';

const roles: readonly Role[] = ['server', 'worker', 'signer', 'postgres'];
const pauseMinMs = 50;
const pauseMaxMs = 800;
/** How long a kill waits for the factory to be at work again, each time and in sum. */
const workMs = 4_000;
const workSumMs = 90_000;

export interface DisturbOptions {
  readonly factory: Factory;
  readonly random: Random;
  readonly kills: number;
  /** Called after every kill: gives the factory work, looks at what it shows. */
  readonly between: (kill: number) => Promise<void>;
}

/** Kills random processes of a running factory with SIGKILL while it works; returns how often which was hit. */
export async function disturb(options: DisturbOptions): Promise<Readonly<Record<string, number>>> {
  const { factory, random } = options;
  const hit: Record<string, number> = Object.fromEntries(roles.map((role) => [role, 0]));
  let left = workSumMs;
  for (let kill = 1; kill <= options.kills; kill += 1) {
    await sleep(pauseMinMs + random.next() * (pauseMaxMs - pauseMinMs));
    left -= await untilWorking(factory, Math.min(workMs, left));
    const role = await killOne(factory.home, random);
    hit[role] = (hit[role] ?? 0) + 1;
    await options.between(kill);
  }
  return hit;
}

/** Waits until a step of a build or test runs, or an attempt has just written; returns how long that took. */
async function untilWorking(factory: Factory, patienceMs: number): Promise<number> {
  const since = performance.now();
  while (performance.now() - since < patienceMs && !works(factory.home)) await sleep(20);
  return performance.now() - since;
}

function works(home: string): boolean {
  if (processesOf(home).some(({ argv }) => argv.includes('kiln-sandbox'))) return true;
  const folder = path.join(home, 'log', 'attempts');
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  return names.some((name) => Date.now() - writtenAt(path.join(folder, name)) < 300);
}

function writtenAt(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

async function killOne(home: string, random: Random): Promise<Role> {
  for (;;) {
    const alive = roles.flatMap((role) => {
      const pid = processOf(home, role);
      return pid === undefined ? [] : [{ role, pid }];
    });
    const one = alive[Math.floor(random.next() * alive.length)];
    if (one === undefined) await sleep(50);
    else if (send(one.pid)) return one.role;
  }
}

function send(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    // It ended between looking and sending.
    return false;
  }
}
