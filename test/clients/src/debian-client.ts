import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KilnError } from '@kiln/base';
import { run } from './command.ts';
import type { DebianPin } from './pins.ts';

/** What was unpacked, for the stamp. */
export interface UnpackedPackage {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

/**
 * Fetches the pinned package, and the packages it needs that this host lacks, with the host's apt, and unpacks them
 * below `directory/root`. Apt checks what it fetches against the archive's signed indexes. Writes the program
 * `directory/bin/<name>`, which finds its libraries there. Throws `CLIENT_PACKAGE_CHANGED` when the pinned version
 * has another digest.
 */
export async function installDebianClient(
  name: string,
  pin: DebianPin,
  directory: string,
): Promise<readonly UnpackedPackage[]> {
  const version = await obtainableVersion(pin);
  const root = join(directory, 'root');
  const downloads = join(directory, 'download');
  await mkdir(root, { recursive: true });
  await mkdir(downloads, { recursive: true });
  const wanted = [`${pin.package}=${version}`, ...(await missingPackages(pin.package, version))];
  await run('apt-get', ['download', '-q', ...wanted], { cwd: downloads });
  const unpacked: UnpackedPackage[] = [];
  for (const file of (await readdir(downloads)).sort())
    unpacked.push(await unpack(join(downloads, file), root));
  const own = unpacked.find((each) => each.name === pin.package);
  if (version === pin.version && process.arch === 'x64' && own?.sha256 !== pin.sha256) {
    throw new KilnError(
      'CLIENT_PACKAGE_CHANGED',
      `${pin.package} ${version} has digest ${own?.sha256}, expected ${pin.sha256}`,
    );
  }
  await rm(downloads, { recursive: true });
  await writeLauncher(join(directory, 'bin', name), pin);
  return unpacked;
}

/** The pinned version where the archive still has it, else its current one. */
async function obtainableVersion(pin: DebianPin): Promise<string> {
  const offered = await offeredVersions(pin.package);
  if (offered.length > 0) return offered.includes(pin.version) ? pin.version : (offered[0] ?? '');
  // A fresh host has no package lists; only root may fetch them.
  if (process.getuid?.() === 0) await run('apt-get', ['update', '-q']);
  const [first, ...others] = await offeredVersions(pin.package);
  if (first === undefined) {
    throw new KilnError('CLIENT_PACKAGE_MISSING', `apt offers no package ${pin.package}`, {
      hint: 'run apt-get update as root and try again',
    });
  }
  return [first, ...others].includes(pin.version) ? pin.version : first;
}

/** Newest first. */
async function offeredVersions(name: string): Promise<string[]> {
  const listing = await run('apt-cache', ['madison', name]);
  return listing.split('\n').flatMap((line) => line.split('|')[1]?.trim() || []);
}

/** `name=version` of everything apt would install besides the package itself. */
async function missingPackages(name: string, version: string): Promise<string[]> {
  const args = [
    'install',
    '-s',
    '-q',
    '--no-install-recommends',
    '--reinstall',
    `${name}=${version}`,
  ];
  const plan = await run('apt-get', args);
  const lines = plan.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+) /gm);
  return [...lines].flatMap(([, found, at]) => (found === name ? [] : [`${found}=${at}`]));
}

async function unpack(deb: string, root: string): Promise<UnpackedPackage> {
  const fields = await run('dpkg-deb', ['-f', deb, 'Package', 'Version']);
  const field = (label: string): string =>
    new RegExp(`^${label}: (.*)$`, 'm').exec(fields)?.[1] ?? '';
  await run('dpkg-deb', ['-x', deb, root]);
  const sha256 = createHash('sha256')
    .update(await readFile(deb))
    .digest('hex');
  return { name: field('Package'), version: field('Version'), sha256 };
}

/** The launcher finds everything relative to itself, so that the directory may be renamed. */
async function writeLauncher(path: string, pin: DebianPin): Promise<void> {
  const quoted = pin.argumentsFirst.map((each) => ` '${each}'`).join('');
  const script = `#!/bin/sh
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")/root
for directory in "$root"/usr/lib/*-linux-gnu "$root"/lib/*-linux-gnu "$root"/usr/lib/*-linux-gnu/pulseaudio; do
  if [ -d "$directory" ]; then LD_LIBRARY_PATH="$directory\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"; fi
done
if [ -n "\${LD_LIBRARY_PATH:-}" ]; then export LD_LIBRARY_PATH; fi
if [ ! -d /etc/fonts ] && [ -d "$root/etc/fonts" ]; then
  export FONTCONFIG_PATH="$root/etc/fonts" XDG_DATA_DIRS="$root/usr/share:\${XDG_DATA_DIRS:-/usr/local/share:/usr/share}"
fi
exec "$root/${pin.program}"${quoted} "$@"
`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, script);
  await chmod(path, 0o755);
}
