import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Processes whose command line, environment or working directory is within a folder that only this test uses. */
function processesOf(folder: string): number[] {
  const found: number[] = [];
  for (const name of fs.readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid <= 1 || pid === process.pid) continue;
    try {
      const about = [
        fs.readFileSync(`/proc/${name}/cmdline`, 'utf8'),
        fs.readFileSync(`/proc/${name}/environ`, 'utf8'),
        fs.readlinkSync(`/proc/${name}/cwd`),
      ];
      if (about.some((text) => text.includes(folder))) found.push(pid);
    } catch {
      // It ended, or belongs to somebody else.
    }
  }
  return found;
}

/** Kills every process that has to do with a folder which only this test uses, now. */
export function killProcessesOf(folder: string): number {
  const pids = processesOf(folder);
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
  return pids.length;
}

/** Kills them until none is left; a supervisor may start others while it is looked for. */
export async function endProcessesOf(folder: string): Promise<void> {
  for (let round = 0; round < 50 && killProcessesOf(folder) > 0; round++) await sleep(20);
}

/** Deletes a tree, the read-only folders of unpacked environments included. */
export async function removeTree(folder: string): Promise<void> {
  await fs.promises.rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
