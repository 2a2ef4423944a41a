import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { spawnConfined } from '@kiln/keys-file';
import { ownerUid } from '@kiln/postgres';
import { supervisedVariable } from './lifetime.ts';
import type { Place } from './place.ts';
import type { LiveProcess } from './supervisor.ts';

export interface ProcessSpec {
  readonly name: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

function openLog(place: Place, name: string): number {
  fs.mkdirSync(place.logs, { recursive: true });
  return fs.openSync(path.join(place.logs, `${name}.log`), 'a', 0o600);
}

/** Starts a process whose IPC channel closes when this process dies, however it dies; see `endWith`. */
export function launch(place: Place, spec: ProcessSpec): Promise<LiveProcess> {
  const output = openLog(place, spec.name);
  const [program = '', ...words] = spec.argv;
  const child = spawn(program, words, {
    env: { ...spec.environment, [supervisedVariable]: '1' },
    stdio: ['ignore', output, output, 'ipc'],
  });
  fs.closeSync(output);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`));
  });
  return Promise.resolve({
    exited,
    signal: (name) => {
      child.kill(name);
      return Promise.resolve();
    },
  });
}

/** Starts a process that cannot reach the keys or the signer; it dies with this process. */
export function launchConfined(place: Place, spec: ProcessSpec): Promise<LiveProcess> {
  const output = openLog(place, spec.name);
  const confined = spawnConfined({
    argv: spec.argv,
    confinement: {
      home: place.home,
      keysDirectory: place.keys,
      readOnly: [place.publicKeys],
      workingDirectory: place.root,
    },
    environment: { ...spec.environment, KILN_UID: String(ownerUid()) },
    output,
  });
  fs.closeSync(output);
  return Promise.resolve({
    exited: confined.exited.then((exit) => exit.signal ?? `exit ${exit.exitCode}`),
    signal: async (name) => {
      // SIGKILL of bubblewrap ends everything inside at once.
      if (name === 'SIGKILL') confined.child.kill('SIGKILL');
      else await confined.signal(name);
    },
  });
}
