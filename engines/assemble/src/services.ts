import { isServiceName } from '@kiln/image-config';
import type { Entrypoint } from '@kiln/image-config';
import { KilnError, compareBytes, shorten } from '@kiln/base';
import { readText } from './content.ts';
import { assemblyError } from './failure.ts';
import type { AssemblyDialect } from './failure.ts';
import type { FileTree } from './file-tree.ts';
import { newSymlink } from './node.ts';
import type { PackageContents } from './package-contents.ts';

/** Service directories for s6, one per configured service. */
export function addServices(
  tree: FileTree,
  services: Entrypoint['services'],
  dialect: AssemblyDialect,
): void {
  const byName = Object.entries(services ?? {}).sort(([a], [b]) => compareBytes(a, b));
  for (const [name, command] of byName) {
    if (dialect === 'apko' ? name.split('/').includes('..') : !isServiceName(name)) {
      throw assemblyError('ASSEMBLE_PATH_INVALID', name, 'is not a name for a service');
    }
    tree.mkdirAll(`sv/${name}`, 0o777);
    tree.write(`sv/${name}/run`, `#!/bin/execlineb\n${command}\n`, 0o755);
  }
}

/**
 * Links for the applets of busybox, as the installed busybox package lists them in `etc/busybox-paths.d`. Without
 * `/bin/busybox` or without a list there is nothing to do; what exists already stays. In dialect `apko` a busybox of no package,
 * and one without a list whose version is none, throw `ASSEMBLE_UNSUPPORTED`.
 */
export async function addBusyboxLinks(
  tree: FileTree,
  packages: readonly PackageContents[],
  dialect: AssemblyDialect,
): Promise<void> {
  const busybox = tree.at('bin/busybox');
  if (busybox === undefined) return;
  const info = busyboxPackage(packages)?.info;
  const list = info && (await readText(tree, `etc/busybox-paths.d/${info.name}`));
  if (dialect === 'apko') requireBusybox(info?.version, list);
  for (const line of (list ?? '').split('\n')) {
    const path = dialect === 'apko' ? line : line.trim();
    if (!path.includes('/') || path === '/bin/busybox') continue;
    const parent = tree.mkdirAbove(path, 0o755);
    parent.mtimeSeconds = busybox.mtimeSeconds;
    const existing = tree.entryAt(path);
    if (dialect === 'apko' && (existing?.type === 'directory' || existing?.type === 'char'))
      throw assemblyError(
        'ASSEMBLE_CONFLICT',
        path,
        `a link to busybox cannot replace a ${existing.type}`,
      );
    if (existing !== undefined) continue;
    tree.put(path, newSymlink('/bin/busybox', { mode: 0o777, mtimeSeconds: busybox.mtimeSeconds }));
  }
}

function requireBusybox(version: string | undefined, list: string | undefined): void {
  const fail = (message: string): KilnError =>
    new KilnError('ASSEMBLE_UNSUPPORTED', message, {
      hint: 'install the package that /bin/busybox comes from',
    });
  if (version === undefined) throw fail('busybox package not installed');
  if (list === undefined && !/^v?\d+\.\d+\.\d+(?:-\w+)?$/.test(version))
    throw fail(`invalid busybox version: ${shorten(version)}`);
}

/** The package named busybox, else the last one that provides something with that name in it. */
function busyboxPackage(packages: readonly PackageContents[]): PackageContents | undefined {
  const named = packages.find(({ info }) => info.name === 'busybox');
  const providing = packages.findLast(({ info }) =>
    info.provides.some((provide) => provide.includes('busybox')),
  );
  return named ?? providing;
}
