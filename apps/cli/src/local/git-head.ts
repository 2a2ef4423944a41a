import { spawn } from 'node:child_process';

/** The commit that a folder's checkout is at; undefined where there is no git, no checkout or no commit. */
export function gitHead(folder: string): Promise<string | undefined> {
  const child = spawn('git', ['-C', folder, 'rev-parse', '--verify', 'HEAD'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 10_000,
  });
  return new Promise((resolve) => {
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.once('error', () => resolve(undefined));
    child.once('close', (code) =>
      resolve(code === 0 && /^[0-9a-f]{40,64}$/.test(output.trim()) ? output.trim() : undefined),
    );
  });
}
