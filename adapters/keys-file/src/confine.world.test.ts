import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { collect } from '@kiln/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkConfinement, spawnConfined } from './confined-process.ts';
import type { ConfinedExit } from './confined-process.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'kiln-confine-')));
const home = join(root, 'home');
const keysDirectory = join(home, 'keys');
const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  KEYS: keysDirectory,
  HOME_OF_FACTORY: home,
};
let signer: ChildProcess;

beforeAll(() => {
  mkdirSync(keysDirectory, { recursive: true, mode: 0o700 });
  writeFileSync(join(keysDirectory, 'image.key'), 'the secret', { mode: 0o600 });
  // Stands for the signer: it has the secret in its environment and in its open files.
  signer = spawn('sleep', ['600'], {
    env: { ...environment, SECRET: 'the secret' },
    cwd: keysDirectory,
    stdio: 'ignore',
  });
});

afterAll(async () => {
  const gone = once(signer, 'exit');
  signer.kill('SIGKILL');
  await gone;
  // An overlay leaves a directory that its maker alone, who was root there, may read.
  execFileSync('unshare', ['--user', '--map-root-user', 'rm', '-rf', root]);
});

async function confined(script: string): Promise<ConfinedExit & { readonly output: string }> {
  const started = spawnConfined({
    argv: ['bash', '-c', script],
    confinement: { keysDirectory, home },
    environment: { ...environment, SIGNER: String(signer.pid) },
    output: 'pipe',
  });
  const tooLong = (): Error => new Error('too much output');
  const [out, err, exit] = await Promise.all([
    collect(started.child.stdout ?? Readable.from([]), 1e6, tooLong),
    collect(started.child.stderr ?? Readable.from([]), 1e6, tooLong),
    started.exited,
  ]);
  return { ...exit, output: Buffer.concat([out, err]).toString() };
}

/** Wraps a script in the sandbox of a build: overlay root, no network, another uid, its own proc. */
const asBuild = (script: string): string => `
  cd "$HOME_OF_FACTORY" && mkdir -p upper work merged && export SCRIPT=${JSON.stringify(script).replaceAll('$', '\\$')}
  unshare --user --map-root-user --mount sh -ec '
    mount -t overlay overlay -o userxattr,lowerdir=/usr,upperdir=upper,workdir=work merged
    exec bwrap --unshare-user --uid 1000 --gid 1000 --unshare-pid --unshare-net --unshare-ipc \\
      --bind / / --bind merged /usr --dev /dev --proc /proc bash -c "$SCRIPT"'`;

const wheres: readonly [string, (script: string) => string][] = [
  ['a confined worker', (script) => script],
  ['a build inside a confined worker', asBuild],
];

describe.each(wheres)('from %s', (_where, wrap) => {
  test('the sandbox itself works', async () => {
    const { exitCode, output } = await confined(wrap('echo works; rm "$(mktemp)"'));
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: 'works\n' });
  });

  test('the key directory is empty and stays so', async () => {
    const { exitCode, output } = await confined(
      wrap('ls -A "$KEYS"; touch "$KEYS/x" 2>/dev/null || echo read-only'),
    );
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: 'read-only\n' });
  });

  test.each([
    ['unmounting', 'umount "$KEYS"; umount -l "$KEYS"; umount -f "$KEYS"'],
    ['moving the mount away', 'mkdir -p /tmp/k && mount --move "$KEYS" /tmp/k'],
    [
      'binding the parent',
      'mkdir -p /tmp/k && mount --bind "$HOME_OF_FACTORY" /tmp/k; cat /tmp/k/keys/*',
    ],
    [
      'binding the parent with all below',
      'mkdir -p /tmp/k && mount --rbind "$HOME_OF_FACTORY" /tmp/k; umount /tmp/k/keys; cat /tmp/k/keys/*',
    ],
    [
      'an overlay over the parent',
      'mkdir -p /tmp/k && mount -t overlay overlay -o userxattr,lowerdir="$HOME_OF_FACTORY":/usr /tmp/k; cat /tmp/k/keys/*',
    ],
    ['renaming', 'mv "$KEYS" "$HOME_OF_FACTORY/k"; rmdir "$KEYS"'],
    [
      'a namespace of its own',
      'unshare --user --map-root-user --mount sh -c \'umount -l "$KEYS"; cat "$KEYS"/*\'',
    ],
    [
      'the first process',
      'cat /proc/1/root"$KEYS"/*; nsenter --mount=/proc/1/ns/mnt cat "$KEYS"/image.key',
    ],
    ['raw disks', 'cat /dev/[hsv]d* /dev/nvme* /dev/mem /dev/kmem /proc/kcore | head -c 100'],
  ])('%s does not reveal the keys', async (_name, script) => {
    const { output } = await confined(
      wrap(`{ ${script} ; } 2>/dev/null; cat "$KEYS"/* 2>/dev/null; echo end`),
    );
    expect(output).toBe('end\n');
    expect(readFileSync(join(keysDirectory, 'image.key'), 'utf8')).toBe('the secret');
  });

  test('the signer is in no list of processes', async () => {
    const { output } = await confined(
      wrap('cat /proc/[0-9]*/cmdline | tr "\\0" " "; umount /proc 2>/dev/null; ls /proc'),
    );
    expect(output).not.toContain('sleep');
    expect(output.split('\n').filter((line) => /^\d+$/.test(line)).length).toBeLessThan(10);
  });

  test('the signer can neither be signalled nor read', async () => {
    const script =
      'kill -9 $SIGNER; kill -STOP -- -1; cat /proc/$SIGNER/environ /proc/$SIGNER/mem /proc/$SIGNER/cwd/image.key';
    const { output } = await confined(wrap(`{ ${script} ; } 2>/dev/null; echo end`));
    expect(output).toBe('end\n');
    expect(signer.exitCode).toBeNull();
    expect(signer.signalCode).toBeNull();
    expect(readFileSync(`/proc/${signer.pid}/stat`, 'utf8')).toMatch(/ S /);
  });
});

test('a process that shares the pid namespace but not the user namespace cannot trace either', async () => {
  const attempt = spawn(
    'unshare',
    [
      '--user',
      '--map-root-user',
      '--mount',
      'sh',
      '-c',
      `cat /proc/${signer.pid}/environ /proc/${signer.pid}/cwd/image.key`,
    ],
    { env: environment, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const output = await collect(attempt.stdout, 1e6, () => new Error('too much output'));
  expect(Buffer.from(output).toString()).toBe('');
});

test('a worker writes in the home, and nowhere else on the host', async () => {
  const { output } = await confined(
    'echo hello > "$HOME_OF_FACTORY/file"; touch /etc/x /usr/x 2>/dev/null || echo refused',
  );
  expect(output).toBe('refused\n');
  expect(readFileSync(join(home, 'file'), 'utf8')).toBe('hello\n');
});

test('a signal reaches the worker, which ends in its own time', async () => {
  const started = spawnConfined({
    argv: [
      'bash',
      '-c',
      'trap "echo ending; exit 7" TERM; echo ready; while :; do sleep 0.05; done',
    ],
    confinement: { keysDirectory, home },
    environment,
    output: 'pipe',
  });
  const stdout = started.child.stdout;
  if (stdout === null) throw new Error('no output');
  await once(stdout, 'data');
  expect(await started.signal('SIGTERM')).toBe(true);
  const rest = await collect(stdout, 1e6, () => new Error('too much output'));
  expect(Buffer.from(rest).toString()).toBe('ending\n');
  expect(await started.exited).toEqual({ exitCode: 7, signal: undefined });
  expect(await started.signal('SIGTERM')).toBe(false);
});

test('killing bubblewrap ends everything inside, nested sandboxes included', async () => {
  const started = spawnConfined({
    argv: ['bash', '-c', asBuild('echo ready; sleep 601')],
    confinement: { keysDirectory, home },
    environment,
    output: 'pipe',
  });
  const stdout = started.child.stdout;
  if (stdout === null) throw new Error('no output');
  await once(stdout, 'data');
  const pid = await started.pid();
  expect(pid).toBeDefined();
  started.child.kill('SIGKILL');
  // The pipe ends when the last process that holds it is gone.
  await collect(stdout, 1e6, () => new Error('too much output'));
  expect(await started.exited).toEqual({ exitCode: undefined, signal: 'SIGKILL' });
});

test('a worker that cannot be started for want of descriptors has ended', () => {
  const program = `
    import { openSync } from 'node:fs';
    import { spawnConfined } from ${JSON.stringify(new URL('confined-process.ts', import.meta.url))};
    try { for (;;) openSync('/dev/null', 'r'); } catch {}
    const confinement = { home: '/', keysDirectory: '/', readOnly: [], workingDirectory: '/' };
    const started = spawnConfined({ argv: ['true'], confinement, environment: {}, output: 1 });
    console.log(await started.pid(), await started.exited);
  `;
  const words = ['-c', 'ulimit -n 64 && exec "$0" --input-type=module -e "$1"'];
  const said = execFileSync('sh', [...words, process.execPath, program], { encoding: 'utf8' });
  expect(said).toBe('undefined { exitCode: 127, signal: undefined }\n');
});

test('the check passes here, and says what is wrong where a directory is missing', async () => {
  await expect(checkConfinement({ keysDirectory, home })).resolves.toBeUndefined();
  await expect(
    checkConfinement({ keysDirectory, home: join(root, 'absent') }),
  ).rejects.toMatchObject({
    code: 'CONFINE_UNAVAILABLE',
    message: expect.stringContaining('absent') as string,
  });
});

test('the check finds key directories that are named by a link, and programs that are missing', async () => {
  symlinkSync(home, join(root, 'link'));
  const outcome = await checkConfinement({ keysDirectory: join(root, 'link', 'keys'), home }).then(
    () => 'hidden',
    (error: unknown) => (error as { code: string }).code,
  );
  // Either bubblewrap follows the link and hides the directory, or the check fails: never a visible key.
  expect(['hidden', 'CONFINE_UNAVAILABLE']).toContain(outcome);
  const path = process.env['PATH'];
  process.env['PATH'] = '/nowhere';
  await expect(checkConfinement({ keysDirectory, home })).rejects.toMatchObject({
    code: 'CONFINE_UNAVAILABLE',
    message: expect.stringContaining('ENOENT') as string,
  });
  process.env['PATH'] = path;
});

test('a read-only part of the home cannot be changed, replaced or uncovered', async () => {
  const trusted = join(home, 'public');
  mkdirSync(trusted, { recursive: true });
  writeFileSync(join(trusted, 'image.pub'), 'trusted');
  const script =
    'cd "$HOME_OF_FACTORY"; echo x > public/image.pub; mv public other; rm -rf public; umount -l public; mount -o remount,bind,rw public; echo x > public/image.pub';
  const started = spawnConfined({
    argv: ['bash', '-c', script],
    confinement: { keysDirectory, home, readOnly: [trusted] },
    environment,
    output: 'ignore',
  });
  await started.exited;
  expect(readFileSync(join(trusted, 'image.pub'), 'utf8')).toBe('trusted');
});
