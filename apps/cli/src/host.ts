import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { KilnError } from '@kiln/base';
import { Waiting } from './waiting.ts';

function present(program: string): boolean {
  return (process.env['PATH'] ?? '')
    .split(':')
    .some((folder) => folder !== '' && fs.existsSync(path.join(folder, program)));
}

function apt(words: readonly string[]): Promise<boolean> {
  const child = spawn('apt-get', words, {
    stdio: 'ignore',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: 300_000,
  });
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/** Installs bubblewrap where we may; otherwise the command that does. Throws `HOST_BUBBLEWRAP_MISSING`. */
export async function ensureBubblewrap(talk: (text: string) => void): Promise<void> {
  if (present('bwrap')) return;
  if (process.getuid?.() === 0 && present('apt-get')) {
    const waiting = new Waiting(talk, process.stderr.isTTY === true);
    waiting.show('installing bubblewrap');
    const install = ['install', '-y', '--no-install-recommends', 'bubblewrap'];
    const installed = (await apt(install)) || ((await apt(['update'])) && (await apt(install)));
    waiting.stop();
    if (installed) return;
  }
  throw new KilnError(
    'HOST_BUBBLEWRAP_MISSING',
    'bubblewrap is not installed: builds and tests run in its sandboxes',
    {
      hint: 'run: apt-get install bubblewrap',
    },
  );
}
