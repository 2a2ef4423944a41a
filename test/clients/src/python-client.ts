import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import type { PythonPin } from './pins.ts';

/**
 * Installs a Python package and all that it needs, each in its pinned version, below `directory/lib` with the host's pip, as that
 * is configured, and writes the program `directory/bin/<name>`, which finds them there. Nothing is built and no script of a
 * package runs: only wheels are taken.
 */
export async function installPythonClient(
  name: string,
  pin: PythonPin,
  directory: string,
): Promise<void> {
  const flags = ['-q', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
  const target = ['--target', join(directory, 'lib')];
  const packages = [`${pin.package}==${pin.version}`, ...pin.needs];
  await run('python3', ['-m', 'pip', 'install', ...flags, ...target, ...packages]);
  const script = `#!/bin/sh
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
PYTHONPATH="$root/lib" PYTHONDONTWRITEBYTECODE=1 exec python3 -c '${pin.program.join('\n')}' "$@"
`;
  await mkdir(join(directory, 'bin'));
  await writeFile(join(directory, 'bin', name), script);
  await chmod(join(directory, 'bin', name), 0o755);
}
