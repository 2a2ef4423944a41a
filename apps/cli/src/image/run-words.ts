import fs from 'node:fs';
import path from 'node:path';
import { KilnError, shorten } from '@kiln/base';
import type { Config } from '@kiln/oci';
import { removeTree } from '@kiln/sandbox-bwrap';
import { runUser } from './run-user.ts';

/**
 * bubblewrap's command line: the image is the whole world, the network is the host's, the user is the image's. Throws
 * `IMAGE_CONTENT` for what no command line can say, and `IMAGE_USER_INVALID`.
 */
export async function runWords(
  root: string,
  { config }: Config,
  words: readonly string[],
): Promise<string[]> {
  const { uid, gid } = await runUser(root, config.user ?? '');
  const workingDir = path.posix.resolve('/', config.workingDir ?? '');
  refuseNul([workingDir]);
  makeFolder(root, workingDir);
  const all = [
    ['--bind', root, '/', '--proc', '/proc', '--dev', '/dev', '--perms', '1777', '--tmpfs', '/tmp'],
    await resolver(root),
    ['--unshare-user', '--uid', String(uid), '--gid', String(gid)],
    ['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--hostname', 'kiln'],
    ['--cap-drop', 'ALL', '--die-with-parent', '--clearenv'],
    takesInput() ? ['--new-session'] : [],
    (config.env ?? []).flatMap(variable),
    process.env['TERM'] === undefined ? [] : ['--setenv', 'TERM', process.env['TERM']],
    ['--chdir', workingDir, '--'],
    words,
  ].flat();
  refuseNul(all);
  return all;
}

function refuseNul(words: readonly string[]): void {
  const odd = words.find((word) => word.includes('\0'));
  if (odd !== undefined) throw content(`a NUL byte is in "${shorten(odd)}"`);
}

/**
 * Makes what is missing of a folder, an absolute path without `.` and `..`, as container runtimes make the one that an image begins
 * in. It ends at a symbolic link, which leads elsewhere on the host than in the image, and at a file.
 */
function makeFolder(root: string, folder: string): void {
  let place = root;
  for (const name of folder.split('/').filter((part) => part !== '')) {
    place = path.join(place, name);
    const found = fs.lstatSync(place, { throwIfNoEntry: false });
    if (found === undefined) fs.mkdirSync(place);
    else if (!found.isDirectory()) return;
  }
}

/** Whether the kernel lets a program type into its terminal, which would be read by what the terminal runs next. */
function takesInput(): boolean {
  const setting = '/proc/sys/dev/tty/legacy_tiocsti';
  return !fs.existsSync(setting) || fs.readFileSync(setting, 'utf8').trim() !== '0';
}

function variable(pair: string): string[] {
  const at = pair.indexOf('=');
  if (at < 1) throw content(`not an environment variable: "${shorten(pair)}"`);
  return ['--setenv', pair.slice(0, at), pair.slice(at + 1)];
}

/**
 * The host's resolver, in the image's `/etc`. bubblewrap makes the file to mount it on and follows symbolic links meanwhile, out of
 * the root too: a link there goes, and where `/etc` is one nothing is mounted. Whoever runs the image may not write in its `/etc`.
 */
async function resolver(root: string): Promise<string[]> {
  const inside = path.join(root, 'etc/resolv.conf');
  const isThere = fs.existsSync('/etc/resolv.conf');
  const folder = fs.lstatSync(path.dirname(inside), { throwIfNoEntry: false });
  if (!isThere || folder?.isDirectory() !== true) return [];
  if (fs.lstatSync(inside, { throwIfNoEntry: false })?.isFile() !== true) await removeTree(inside);
  return ['--ro-bind', fs.realpathSync('/etc/resolv.conf'), '/etc/resolv.conf'];
}

function content(why: string): KilnError {
  return new KilnError('IMAGE_CONTENT', `the image cannot be run: ${why}`);
}
