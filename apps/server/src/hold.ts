import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError } from '@kiln/base';
import { ownerUid } from '@kiln/postgres';
import type { Place } from './place.ts';

const pollMs = 100;

/**
 * Makes this process the only one of its role in this home, until it ends: it listens on a name in the kernel's abstract
 * socket space, which goes with the process however it dies. Waits up to `patienceMs` for the one before to end. Throws
 * `FACTORY_HELD`.
 */
export async function hold(place: Place, role: string, patienceMs: number): Promise<void> {
  const name = nameOf(place, role);
  const deadline = performance.now() + patienceMs;
  while (!(await taken(name))) {
    if (performance.now() > deadline) {
      throw new KilnError('FACTORY_HELD', `another ${role} runs on ${place.home}`, {
        hint: 'kiln status shows the running factory, kiln down stops it',
        retry: 'later',
      });
    }
    await sleep(pollMs);
  }
}

/** Waits until no process holds the role, at most `patienceMs`; says whether that is so. */
export async function released(place: Place, role: string, patienceMs: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (await answers(nameOf(place, role))) {
    if (performance.now() > deadline) return false;
    await sleep(pollMs);
  }
  return true;
}

function nameOf(place: Place, role: string): string {
  const home = createHash('sha256').update(fs.realpathSync(place.home)).digest('hex').slice(0, 24);
  return `\0kiln/${ownerUid()}/${home}/${role}`;
}

function answers(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(name);
    const settle = (alive: boolean) => (): void => {
      socket.destroy();
      resolve(alive);
    };
    socket.once('connect', settle(true)).once('error', settle(false));
  });
}

async function taken(name: string): Promise<boolean> {
  const server = net.createServer((socket) => socket.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(name, resolve);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  // Holding it is not a reason to stay alive.
  server.unref();
  return true;
}
