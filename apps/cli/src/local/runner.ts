import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { KilnError, shorten } from '@kiln/base';
import { buildIdentity, type Mount, type StepIdentity } from '@kiln/build';
import type { ImageConfig } from '@kiln/image-config';
import type { Recipe } from '@kiln/recipe';
import { BwrapSandbox, FsWorkspaces } from '@kiln/sandbox-bwrap';

/** Sandboxes and workspaces in a folder that goes with them. */
export interface Scratch {
  readonly folder: string;
  readonly sandbox: BwrapSandbox;
  readonly workspaces: FsWorkspaces;
}

/** Runs `work` with a scratch folder, by default one of the system's, that is removed in every case. */
export async function withScratch<T>(
  identity: StepIdentity,
  work: (scratch: Scratch) => Promise<T>,
  folder: string = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-build-')),
): Promise<T> {
  try {
    return await work({
      folder,
      sandbox: await BwrapSandbox.open({ scratchDirectory: path.join(folder, 'sandbox') }),
      workspaces: await FsWorkspaces.open({
        directory: path.join(folder, 'workspaces'),
        owners: identity.privileges === 'none' ? 'guest' : 'host',
      }),
    });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
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

/** A root that is the host's user in another name: it can do what the account `build` can. */
const guestRoot: StepIdentity = { uid: 0, gid: 0, privileges: 'none' };

/**
 * Who runs the steps in an environment: the account that its `run-as` names, with its group or the one of the same number.
 * Without one `kiln package` takes the account `build`, and melange root; root is the host's where melange runs as that,
 * and has no right of the host in `kiln package`. Throws `RECIPE_INVALID` for an unknown account.
 */
export function identityOf(recipe: Recipe, { accounts }: ImageConfig): StepIdentity {
  const { runAs, users } = accounts;
  const kiln = recipe.dialect === 'kiln';
  if (kiln && runAs === '') return buildIdentity;
  if (['', 'root', '0'].includes(runAs)) return kiln ? guestRoot : melangeRoot(recipe.capabilities);
  const user = users.find(({ userName, uid }) => runAs === userName || runAs === String(uid));
  if (user !== undefined) return { uid: user.uid, gid: user.gid ?? user.uid, privileges: 'none' };
  if (/^\d{1,9}$/.test(runAs))
    return { uid: Number(runAs), gid: Number(runAs), privileges: 'none' };
  throw new KilnError('RECIPE_INVALID', `run-as names no account: "${shorten(runAs)}"`, {
    position: recipe.package.position,
    hint: 'define it under accounts.users of the environment',
  });
}

function melangeRoot({ add, drop }: Recipe['capabilities']): StepIdentity {
  if (process.getuid?.() !== 0) return buildIdentity;
  const capabilities = [...new Set([...rootCapabilities, ...add])].filter(
    (name) => !drop.includes(name),
  );
  return { uid: 0, gid: 0, privileges: { capabilities } };
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
  if (cacheDirectory !== undefined && cacheDirectory !== '' && fs.existsSync(cacheDirectory)) {
    const source = path.resolve(cacheDirectory);
    mounts.push({ source, target: '/var/cache/melange', readOnly: false });
  }
  if (network === 'host' && fs.existsSync('/etc/resolv.conf')) {
    const source = fs.realpathSync('/etc/resolv.conf');
    mounts.push({ source, target: '/etc/resolv.conf', readOnly: true });
  }
  return mounts;
}
