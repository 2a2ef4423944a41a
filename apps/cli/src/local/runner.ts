import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { KilnError, shorten } from '@kiln/base';
import { buildIdentity, type Mount, type StepIdentity, type StepRunner } from '@kiln/build';
import type { ImageConfig } from '@kiln/image-config';
import { capabilityNames } from '@kiln/lint';
import type { Recipe } from '@kiln/recipe';
import { BwrapSandbox, FsWorkspaces, removeTree } from '@kiln/sandbox-bwrap';
import { isDirectory } from './source-directory.ts';

/** Sandboxes and workspaces in a folder that goes with them. */
export interface Scratch {
  readonly folder: string;
  readonly sandbox: BwrapSandbox;
  readonly workspaces: FsWorkspaces;
}

/** Runs `work` with a scratch folder, by default one of the system's, that is removed in every case. */
export async function withScratch<T>(
  { privileges, dialect }: Pick<StepIdentity, 'privileges'> & Pick<Recipe, 'dialect'>,
  work: (scratch: Scratch) => Promise<T>,
  folder: string = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-build-')),
): Promise<T> {
  try {
    return await work({
      folder,
      sandbox: await BwrapSandbox.open({ scratchDirectory: path.join(folder, 'sandbox') }),
      workspaces: await FsWorkspaces.open({
        directory: path.join(folder, 'workspaces'),
        owners: ownersOf({ privileges }),
        dialect,
      }),
    });
  } finally {
    await removeTree(folder);
  }
}

/** Whose the files of a workspace are, see `FsWorkspacesOptions`. */
export function ownersOf({ privileges }: Pick<StepIdentity, 'privileges'>): 'guest' | 'host' {
  return privileges === 'none' || privileges.over === 'own' ? 'guest' : 'host';
}

/**
 * melange has one guest for all steps of a build or of a test: what one writes to it the next ones find. Elsewhere each step
 * has a fresh one.
 */
export function keptRootIn({ folder }: Scratch, { dialect }: Recipe): Pick<StepRunner, 'keptRoot'> {
  return dialect === 'melange' ? { keptRoot: path.join(folder, 'guest') } : {};
}

/** What a container's root can do: melange's bubblewrap runner gives its steps the same. */
const rootCapabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

/**
 * Who runs the steps in an environment: the account that its `run-as` names, with its group or the one of the same number.
 * Without one `kiln package` takes the account `build`, and melange the user that it runs as. A user that is named is the
 * host's in another name, a root too: in `kiln package` without any right, in melange with those of a container's root over
 * what that user owns. Throws `RECIPE_INVALID` for an unknown account.
 */
export function identityOf(recipe: Recipe, { accounts }: ImageConfig): StepIdentity {
  const { runAs, users } = accounts;
  const kiln = recipe.dialect === 'kiln';
  if (runAs === '') return kiln ? buildIdentity : callerOfMelange(recipe);
  const privileges = kiln
    ? 'none'
    : ({ capabilities: capabilitiesOf(recipe), over: 'own' } as const);
  if (runAs === 'root' || runAs === '0') return { uid: 0, gid: 0, privileges };
  const number = /^\d+$/.test(runAs) ? Number(runAs) : undefined;
  const user = users.find(({ userName, uid }) => runAs === userName || number === uid);
  if (user !== undefined) return { uid: user.uid, gid: user.gid ?? user.uid, privileges };
  if (kiln && /^\d{1,9}$/.test(runAs))
    return { uid: Number(runAs), gid: Number(runAs), privileges };
  throw new KilnError('RECIPE_INVALID', `run-as names no account: "${shorten(runAs)}"`, {
    position: recipe.package.position,
    hint: 'define it under accounts.users of the environment',
  });
}

function callerOfMelange(recipe: Recipe): StepIdentity {
  if (process.getuid?.() !== 0) return buildIdentity;
  return { uid: 0, gid: 0, privileges: { capabilities: capabilitiesOf(recipe) } };
}

/** Whatever case names are in; `ALL` means all. Throws `RECIPE_INVALID` for one that there is not. */
function capabilitiesOf({ capabilities, package: origin }: Recipe): readonly string[] {
  const add = capabilities.add.map((name) => name.toUpperCase());
  const drop = capabilities.drop.map((name) => name.toUpperCase());
  const unknown = [...add, ...drop].find(
    (name) => name !== 'ALL' && !capabilityNames.includes(name),
  );
  if (unknown !== undefined) {
    throw new KilnError('RECIPE_INVALID', `no such capability: "${shorten(unknown)}"`, {
      position: origin.position,
    });
  }
  if (drop.includes('ALL')) return [];
  const all = add.includes('ALL') ? capabilityNames : [...rootCapabilities, ...add];
  return [...new Set(all)].filter((name) => !drop.includes(name));
}

/** What the steps see of the host: the cache of sources, and how names are resolved where there is a network. */
export function hostMounts({
  cacheDirectory,
  network,
}: {
  readonly cacheDirectory?: string | undefined;
  readonly network: 'none' | 'host';
}): readonly Mount[] {
  const mounts: Mount[] = [];
  if (cacheDirectory !== undefined && isDirectory(cacheDirectory)) {
    const source = path.resolve(cacheDirectory);
    mounts.push({ source, target: '/var/cache/melange', readOnly: false });
  }
  if (network === 'host' && fs.existsSync('/etc/resolv.conf')) {
    const source = fs.realpathSync('/etc/resolv.conf');
    mounts.push({ source, target: '/etc/resolv.conf', readOnly: true });
  }
  return mounts;
}
