import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { KilnError } from '@kiln/base';

function present(program: string): boolean {
  return (process.env['PATH'] ?? '')
    .split(':')
    .some((folder) => folder !== '' && fs.existsSync(path.join(folder, program)));
}

function apt(words: readonly string[]): boolean {
  return (
    spawnSync('apt-get', words, {
      stdio: ['ignore', 'ignore', 'ignore'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: 300_000,
    }).status === 0
  );
}

/** Installs bubblewrap where we may; otherwise the command that does. Throws `HOST_BUBBLEWRAP_MISSING`. */
export function ensureBubblewrap(talk: (text: string) => void): void {
  if (present('bwrap')) return;
  if (process.getuid?.() === 0 && present('apt-get')) {
    talk('kiln: installing bubblewrap\n');
    const install = ['install', '-y', '--no-install-recommends', 'bubblewrap'];
    if (apt(install) || (apt(['update']) && apt(install))) return;
  }
  throw new KilnError(
    'HOST_BUBBLEWRAP_MISSING',
    'bubblewrap is not installed: builds and tests run in its sandboxes',
    {
      hint: 'run: apt-get install bubblewrap',
    },
  );
}
