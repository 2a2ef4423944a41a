import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SandboxRequest } from '@kiln/build';

/** For tests: a fresh directory, and in it a root that borrows the host's `/usr` through a mount. */
export async function hostLikeRoot(): Promise<{ directory: string; root: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'kiln-sandbox-'));
  const root = join(directory, 'root');
  for (const path of ['usr', 'etc', 'home/build']) {
    await mkdir(join(root, path), { recursive: true });
  }
  for (const name of ['bin', 'sbin', 'lib', 'lib64'])
    await symlink(`usr/${name}`, join(root, name));
  await writeFile(join(root, 'etc/greeting'), 'hello\n');
  return { directory, root };
}

/** For tests: a request for a shell script on such a root, and the text it prints. */
export function scriptRequest(
  root: string,
  script: string,
  changes: Partial<SandboxRequest> = {},
): { request: SandboxRequest; output: () => string } {
  let output = '';
  const request: SandboxRequest = {
    roots: [root],
    mounts: [{ source: '/usr', target: '/usr', readOnly: true }],
    argv: ['/bin/sh', '-c', script],
    environment: { PATH: '/usr/bin:/usr/sbin', GREETING: 'good  day' },
    workingDirectory: '/home/build',
    uid: 1000,
    gid: 1000,
    network: 'none',
    timeoutMs: 30_000,
    onOutput: (chunk) => {
      output += Buffer.from(chunk).toString('utf8');
    },
    ...changes,
  };
  return { request, output: () => output };
}
