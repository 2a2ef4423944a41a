import type { BaseImage } from './base-image.ts';
import { printBaseRecord } from './base-image.ts';
import { assemblyError } from './failure.ts';
import type { AssemblyDialect } from './failure.ts';
import type { FileTree } from './file-tree.ts';
import { Installer } from './install.ts';
import { installedRecords } from './installed-database.ts';
import type { InstalledRecords } from './installed-database.ts';
import { newSymlink } from './node.ts';
import { shortened } from './path-rules.ts';
import type { PackageContents } from './package-contents.ts';
import { scriptsTar, triggersText } from './scripts.ts';

/** Installs packages and records them in the apk database; returns the record of each. */
export async function installPackages(
  tree: FileTree,
  input: {
    readonly packages: readonly PackageContents[];
    readonly dialect: AssemblyDialect;
    readonly base?: BaseImage | undefined;
    readonly scriptTimeSeconds: number;
  },
): Promise<InstalledRecords> {
  const installer = new Installer(tree, input.dialect);
  for (const contents of input.packages) await installer.install(contents);
  const { dialect, scriptTimeSeconds: mtimeSeconds } = input;
  const scripts = scriptsTar(input.packages, { mtimeSeconds, dialect });
  tree.write('usr/lib/apk/db/scripts.tar', scripts);
  tree.write('usr/lib/apk/db/triggers', triggersText(input.packages, dialect));
  const records = installedRecords(input.packages, installer.writers, input.dialect);
  const before = (input.base?.packages ?? []).map((one) =>
    new TextEncoder().encode(printBaseRecord(one)),
  );
  tree.write('usr/lib/apk/db/installed', [...before, ...records.values()]);
  return records;
}

/**
 * Makes the database reachable under `lib/apk`, where clients look, however `/lib` is laid out; those of a base image say that, too.
 */
export function linkDatabase(
  tree: FileTree,
  packages: readonly PackageContents[],
  base?: BaseImage,
): void {
  const lib = tree.entryAt('lib');
  if (lib?.type === 'symlink' && shortened(`/${lib.target}`) === '/usr/lib') return;
  const provides = [
    ...packages.map(({ info }) => info.provides),
    ...(base?.packages ?? []).map(({ fields }) => (fields.get('p') ?? '').split(' ')),
  ];
  if (lib === undefined && provides.some((names) => names.includes('merged-lib'))) {
    tree.put('lib', newSymlink('usr/lib'));
    return;
  }
  const directory = tree.mkdirAll('lib', 0o755);
  const apk = tree.entryAt('lib/apk');
  if (apk?.type === 'symlink' && tree.realPath('lib/apk') === 'usr/lib/apk') return;
  if (apk !== undefined) removeEmptyDatabase(tree, apk);
  tree.put(
    'lib/apk',
    newSymlink('../usr/lib/apk', { mode: 0o777, mtimeSeconds: directory.mtimeSeconds }),
  );
}

function removeEmptyDatabase(
  tree: FileTree,
  apk: NonNullable<ReturnType<FileTree['entryAt']>>,
): void {
  const names = apk.type === 'directory' ? [...apk.children] : undefined;
  const full = names?.find(([, child]) => child.type !== 'directory' || child.children.size > 0);
  if (names === undefined || full !== undefined) {
    throw assemblyError(
      'ASSEMBLE_CONFLICT',
      `lib/apk${full === undefined ? '' : `/${full[0]}`}`,
      'is in the way of the apk database',
      {
        hint: 'packages must keep their files under usr/lib/apk',
      },
    );
  }
  tree.remove('lib/apk');
}
