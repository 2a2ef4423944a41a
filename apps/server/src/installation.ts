import fs from 'node:fs';
import path from 'node:path';

/** Which Node and dependencies the launcher has installed: its stamp. Empty where there is none. */
export function readInstallation(root: string): string {
  try {
    return fs.readFileSync(path.join(root, '.tools', 'stamp'), 'utf8').trim();
  } catch {
    // Run without the launcher.
    return '';
  }
}
