import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SandboxRequest, SandboxResult } from '@kiln/build';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probeSandbox } from './probe.ts';
import { BwrapSandbox } from './sandbox.ts';
import { removeTree } from './scratch.ts';
import { hostLikeRoot, scriptRequest } from './testing.ts';

let directory: string;
let root: string;
let sandbox: BwrapSandbox;

beforeAll(async () => {
  ({ directory, root } = await hostLikeRoot());
  sandbox = new BwrapSandbox({ scratchDirectory: join(directory, 'scratch') });
});

afterAll(async () => {
  await removeTree(directory);
});

async function run(
  script: string,
  changes: Partial<SandboxRequest> = {},
): Promise<{ result: SandboxResult; output: string }> {
  const { request, output } = scriptRequest(root, script, changes);
  const result = await sandbox.run(request);
  return { result, output: output() };
}

/** Seconds to sleep that no other process does, such as another clone's tests beside these: of a number, with this process's. */
const asleep = (seconds: number): string => `${seconds}.${process.pid}`;

describe('what a sandbox looks like from within', () => {
  test('the command runs with the ids, the directory, the host name and exactly the environment asked for', async () => {
    const { result, output } = await run('id -u; id -g; pwd; hostname; umask; env', {
      argv: [
        '/usr/bin/env',
        '-u',
        'PWD',
        '/bin/bash',
        '-c',
        'id -u; id -g; pwd; hostname; umask; cat /proc/$$/environ | tr "\\0" "\\n"',
      ],
    });
    expect(result).toEqual({ kind: 'exited', exitCode: 0 });
    expect(output).toBe(
      '1000\n1000\n/home/build\nkiln\n0022\nGREETING=good  day\nPATH=/usr/bin:/usr/sbin\n',
    );
  });

  test('a command may run as the root of its own namespace', async () => {
    const { output } = await run('id -u; grep CapEff /proc/self/status', { uid: 0, gid: 0 });
    expect(output).toBe('0\nCapEff:\t0000000000000000\n');
  });

  test('the exit code is handed on', async () => {
    expect((await run('exit 42')).result).toEqual({ kind: 'exited', exitCode: 42 });
    expect((await run('kill -9 $$')).result).toEqual({ kind: 'exited', exitCode: 137 });
  });

  test('standard output and error arrive in the order they were written', async () => {
    const { output } = await run('for i in 1 2 3; do echo o$i; echo e$i >&2; done');
    expect(output).toBe('o1\ne1\no2\ne2\no3\ne3\n');
  });

  test('only loopback exists, and a server of the host cannot be reached', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const script = `cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' '; (exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null && echo reached`;
    const closed = await run('', { argv: ['/bin/bash', '-c', script] });
    const open = await run('', { argv: ['/bin/bash', '-c', script], network: 'host' });
    server.close();
    expect(closed.output).toBe('lo\n');
    expect(open.output).toContain('reached');
  });

  test('loopback is up', async () => {
    const script =
      'import socket; s=socket.create_server(("127.0.0.1",0)); c=socket.create_connection(s.getsockname()); print("connected")';
    const { output } = await run('', { argv: ['/usr/bin/python3', '-c', script] });
    expect(output).toBe('connected\n');
  });

  test('nothing of the host is visible but roots and mounts', async () => {
    const { output } = await run(
      `ls / | tr '\\n' ' '; ls /etc; test -e ${directory} || echo hidden; ls /proc | grep -c '^[0-9]'`,
    );
    expect(output).toMatch(
      /^bin dev etc home lib lib64 proc sbin tmp usr greeting\nhidden\n[2-5]\n$/,
    );
  });

  test('open files of the caller are not inherited', async () => {
    const { output } = await run('ls /proc/self/fd | wc -l');
    // Standard input, output and error, and the directory being listed.
    expect(output).toBe('4\n');
  });

  test('an affinity limits the number of CPUs that nproc sees', async () => {
    expect((await run('nproc', { cpus: 1 })).output).toBe('1\n');
  });
});

describe('what a sandbox leaves behind', () => {
  test('writes to the root vanish, writes to a mount stay, a read-only mount refuses them', async () => {
    const shared = join(directory, 'shared');
    await mkdir(shared, { recursive: true });
    const mounts = [
      { source: '/usr', target: '/usr', readOnly: true },
      { source: shared, target: '/home/build/shared', readOnly: false },
    ];
    const script =
      'echo bye > /etc/greeting; cat /etc/greeting; rm /lib; echo kept > shared/file; touch /usr/x 2>/dev/null || echo refused';
    const { output } = await run(script, { mounts });
    expect(output).toBe('bye\nrefused\n');
    expect(await readFile(join(root, 'etc/greeting'), 'utf8')).toBe('hello\n');
    expect(await readdir(root)).toContain('lib');
    expect(await readFile(join(shared, 'file'), 'utf8')).toBe('kept\n');
    expect(await readdir(join(directory, 'scratch'))).toEqual([]);
  });

  test('a higher root hides a lower one', async () => {
    const upper = join(directory, 'upper-root');
    await mkdir(join(upper, 'etc'), { recursive: true });
    await writeFile(join(upper, 'etc/greeting'), 'from above\n');
    expect((await run('cat /etc/greeting', { roots: [root, upper] })).output).toBe('from above\n');
  });

  test('directories that nobody can enter are removed too', async () => {
    await run('mkdir -p a/b && touch a/b/c && chmod 0 a/b a');
    expect(await readdir(join(directory, 'scratch'))).toEqual([]);
  });

  test('without overlays a copy of the root is used and the original stays as it is', async () => {
    const copying = new BwrapSandbox({
      scratchDirectory: join(directory, 'copies'),
      support: { ok: true, overlay: false, procMount: 'own' },
    });
    const { request, output } = scriptRequest(root, 'cat /etc/greeting; echo bye > /etc/greeting');
    await copying.run(request);
    expect(output()).toBe('hello\n');
    expect(await readFile(join(root, 'etc/greeting'), 'utf8')).toBe('hello\n');
  });
});

test('opening removes what a crash left', async () => {
  const scratchDirectory = join(directory, 'crashed');
  await mkdir(join(scratchDirectory, 'run-0123/upper/a'), { recursive: true });
  await BwrapSandbox.open({ scratchDirectory });
  expect(await readdir(scratchDirectory)).toEqual([]);
});

describe('a relay', () => {
  /** Answers with what it is sent, in capitals, to the end of the input. */
  async function shouting(path: string): Promise<AsyncDisposable> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      let heard = '';
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => void (heard += chunk.toString()));
      socket.on('end', () => socket.end(heard.toUpperCase()));
    });
    server.listen(path);
    await once(server, 'listening');
    return { [Symbol.asyncDispose]: () => promisify(server.close).call(server) };
  }

  test('is the one way out of a closed network, and its end is heard on both sides', async () => {
    const socket = join(directory, 'relay.sock');
    await using _server = await shouting(socket);
    const ask = `
      import socket, sys
      s = socket.create_connection(('127.0.0.1', 3128))
      s.sendall(b'quiet' * 100000); s.shutdown(socket.SHUT_WR)
      heard = b''
      while chunk := s.recv(65536): heard += chunk
      print(heard == b'QUIET' * 100000)
      for address in [('127.0.0.1', 3129), ('192.0.2.1', 80)]:
        try: socket.create_connection(address, 5); print('out')
        except OSError as error: print(error.strerror)
    `.replaceAll(/^ {6}/gm, '');
    const relay = { port: 3128, socket };
    const { output } = await run('', { argv: ['/usr/bin/python3', '-c', ask], relay });
    expect(output).toBe('True\nConnection refused\nNetwork is unreachable\n');
    const { output: seen } = await run('ls -d /proc/[0-9]*', { relay });
    expect(seen.trim().split('\n').length).toBeLessThanOrEqual(3);
    const closed = await run('', { argv: ['/usr/bin/python3', '-c', ask] });
    expect(closed.output).toContain('Connection refused');
  });

  test('ends with the sandbox, also with one that is stopped', async () => {
    const socket = join(directory, 'ending.sock');
    await using _server = await shouting(socket);
    const relay = { port: 3128, socket };
    const { result } = await run(`sleep ${asleep(98708)}`, { relay, timeoutMs: 2000 });
    expect(result).toEqual({ kind: 'timed-out' });
    const { stdout } = await promisify(execFile)('ps', ['-eo', 'args']);
    expect(stdout).not.toContain(socket);
    expect(stdout).not.toContain(`sleep ${asleep(98708)}`);
  });

  test('that cannot be is refused', async () => {
    for (const relay of [
      { port: 0, socket: '/s' },
      { port: 3128, socket: 's' },
    ])
      await expect(run('true', { relay })).rejects.toMatchObject({
        code: 'SANDBOX_ARGUMENT_INVALID',
      });
  });
});

describe('how a sandbox ends', () => {
  const running = async (marker: string): Promise<number> => {
    const { stdout } = await promisify(execFile)('ps', ['-eo', 'args']);
    return stdout.split('\n').filter((line) => line.startsWith(`sleep ${marker}`)).length;
  };
  const tree = (marker: string): string =>
    `sleep ${marker} & (setsid sleep ${marker} </dev/null >/dev/null 2>&1 &) ; echo ready; sleep ${marker}`;

  test('a deadline that no timer reaches ends nothing', async () => {
    const { result } = await run('sleep 0.1', { timeoutMs: 1000 * 3_600_000 });
    expect(result).toEqual({ kind: 'exited', exitCode: 0 });
  });

  test('a deadline ends every process', async () => {
    const { result, output } = await run(tree(asleep(98701)), { timeoutMs: 500 });
    expect(result).toEqual({ kind: 'timed-out' });
    expect(output).toBe('ready\n');
    expect(await running(asleep(98701))).toBe(0);
  });

  test('an abort ends every process', async () => {
    const abort = new AbortController();
    const { result } = await run(tree(asleep(98702)), {
      signal: abort.signal,
      onOutput: () => abort.abort(),
    });
    expect(result).toEqual({ kind: 'aborted' });
    expect(await running(asleep(98702))).toBe(0);
  });

  test('an abort at any moment of the start leaves nothing', async () => {
    for (let delayMs = 0; delayMs < 24; delayMs += 2) {
      const signal = AbortSignal.timeout(delayMs);
      expect((await run(tree(asleep(98703)), { signal })).result).toEqual({ kind: 'aborted' });
      expect(await running(asleep(98703))).toBe(0);
    }
  });

  test('processes left in the background are gone with the command', async () => {
    const { result } = await run(
      `(setsid sleep ${asleep(98704)} </dev/null >/dev/null 2>&1 &); sleep 0.1`,
    );
    expect(result).toEqual({ kind: 'exited', exitCode: 0 });
    expect(await running(asleep(98704))).toBe(0);
  });

  test('the death of the caller ends every process', async () => {
    const program = `
      import { BwrapSandbox } from ${JSON.stringify(join(import.meta.dirname, 'sandbox.ts'))};
      import { scriptRequest } from ${JSON.stringify(join(import.meta.dirname, 'testing.ts'))};
      const sandbox = new BwrapSandbox({ scratchDirectory: ${JSON.stringify(join(directory, 'orphan'))} });
      const { request } = scriptRequest(${JSON.stringify(root)}, ${JSON.stringify(tree(asleep(98705)))}, { onOutput: (c) => process.stdout.write(c) });
      await sandbox.run(request);`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    // The shell says that it is ready before its children are what they will be.
    await expect.poll(() => running(asleep(98705)), { timeout: 5000, interval: 20 }).toBe(3);
    child.kill('SIGKILL');
    await expect.poll(() => running(asleep(98705)), { timeout: 5000, interval: 20 }).toBe(0);
  });
});

// Linux counts processes per pid namespace since 6.14; before, a root's are not counted at all.
const counts = release() >= 6.14 || process.getuid?.() !== 0;

test.runIf(counts)(
  'a command that forks without end meets a limit of its own sandbox',
  async () => {
    const limited = new BwrapSandbox({
      scratchDirectory: join(directory, 'limited'),
      processesMax: 320,
    });
    const script = `while sleep ${asleep(98706)} & do echo forked; done`;
    const { request, output } = scriptRequest(root, script, { timeoutMs: 60_000 });
    expect(await limited.run(request)).toMatchObject({ kind: 'exited' });
    expect(output()).toMatch(/fork/i);
    expect(output().match(/^forked$/gm)?.length).toBeLessThan(330);
    expect((await run('true')).result).toEqual({ kind: 'exited', exitCode: 0 });
  },
);

function release(): number {
  const [major = '0', minor = '0'] = os.release().split('.');
  return Number(`${major}.${minor.padStart(2, '0')}`);
}

test('what runs in a sandbox is ended first when memory is short', async () => {
  expect((await run('cat /proc/self/oom_score_adj')).output).toBe('500\n');
});

describe('where a sandbox runs', () => {
  const nested = async (prefix: string[], scratch: string): Promise<string> => {
    const program = `
      import { BwrapSandbox } from ${JSON.stringify(join(import.meta.dirname, 'sandbox.ts'))};
      import { scriptRequest } from ${JSON.stringify(join(import.meta.dirname, 'testing.ts'))};
      const sandbox = new BwrapSandbox({ scratchDirectory: ${JSON.stringify(scratch)} });
      const { request, output } = scriptRequest(${JSON.stringify(root)}, 'id -u; touch /new; ls /proc/self/status; cat /etc/greeting');
      console.log(JSON.stringify(await sandbox.run(request)), output());`;
    const [command, ...rest] = [
      ...prefix,
      process.execPath,
      '--input-type=module-typescript',
      '-e',
      program,
    ];
    const { stdout } = await promisify(execFile)(command, rest);
    return stdout;
  };
  const expected = '{"kind":"exited","exitCode":0} 1000\n/proc/self/status\nhello\n\n';

  // Whoever is root within maps root again, which takes a capability that a caller who is not root loses.
  const asRoot = ['bwrap', '--unshare-user', '--uid', '0', '--gid', '0', '--cap-add', 'ALL'];

  test("inside another bubblewrap with the host's file systems", async () => {
    const outer = [...asRoot, '--dev-bind', '/', '/'];
    expect(await nested(outer, join(directory, 'nested'))).toBe(expected);
  });

  test('inside another bubblewrap with a pid namespace and a /proc of its own', async () => {
    const own = ['--dev', '/dev', '--proc', '/proc'];
    const outer = [...asRoot, '--unshare-pid', '--bind', '/', '/', ...own];
    expect(await nested(outer, join(directory, 'nested-pid'))).toBe(expected);
  });

  test('inside a worker that sees a read-only host and mounts a /proc of its own', async () => {
    const scratch = join(directory, 'nested-worker');
    await mkdir(scratch);
    const enter = 'mount -t proc proc /proc && exec unshare --user --map-root-user --mount -- "$@"';
    const outer = [
      ['bwrap', '--unshare-user', '--uid', '0', '--gid', '0', '--cap-add', 'ALL', '--unshare-pid'],
      ['--ro-bind', '/', '/', '--dev', '/dev', '--bind', scratch, scratch],
      ['--', '/bin/sh', '-c', enter, 'worker'],
    ].flat();
    expect(await nested(outer, scratch)).toBe(expected);
  });

  test.runIf(process.getuid?.() === 0)('as a user without privilege', async () => {
    const scratch = join(directory, 'unprivileged');
    await mkdir(scratch, { mode: 0o777 });
    await chmod(directory, 0o755);
    await chmod(scratch, 0o777);
    const other = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
    expect(await nested(other, scratch)).toBe(expected);
    expect(await readdir(scratch)).toEqual([]);
  });

  test('this host has what a sandbox needs', async () => {
    expect(await probeSandbox(directory)).toMatchObject({ ok: true, overlay: true });
  });
});

describe('what a sandbox refuses', () => {
  test('a NUL byte, which could smuggle an option', async () => {
    const environment = { A: 'x\0--bind\0/\0/host' };
    await expect(run('true', { environment })).rejects.toMatchObject({
      code: 'SANDBOX_ARGUMENT_INVALID',
    });
  });

  test('a root that does not exist', async () => {
    await expect(run('true', { roots: [join(directory, 'absent')] })).rejects.toMatchObject({
      code: 'SANDBOX_SETUP_FAILED',
    });
    expect(await readdir(join(directory, 'scratch'))).toEqual([]);
  });

  test('a program that the root does not have, which is named', async () => {
    await expect(run('true', { argv: ['/bin/none'] })).rejects.toMatchObject({
      code: 'SANDBOX_SETUP_FAILED',
      hint: expect.stringMatching(/^there is no \/bin\/none, .*such as busybox for a shell$/),
    });
  });

  test.each([
    ['a link', (out: string) => [['home', `/oldroot${out}`]]],
    ['a link upwards', (out: string) => [['home', `../oldroot${out}`]]],
    [
      'links through links',
      (out: string) => [
        ['home', 'rooms'],
        ['rooms', `/oldroot${out}`],
      ],
    ],
    ['a link in a circle', () => [['home', 'home']]],
  ])('to make on the host what it mounts on, through %s', async (_, linksOf) => {
    const other = join(directory, 'other');
    const out = join(directory, 'out');
    const workspace = join(directory, 'workspace');
    for (const folder of [other, out, workspace]) await mkdir(folder);
    for (const [name = '', target = ''] of linksOf(out)) await symlink(target, join(other, name));
    const mounts = [
      { source: '/usr', target: '/usr', readOnly: true },
      { source: workspace, target: '/home/build', readOnly: false },
    ];
    const { request } = scriptRequest(other, 'true', { mounts });
    await expect(sandbox.run(request)).rejects.toMatchObject({
      code: 'SANDBOX_SETUP_FAILED',
      message: expect.stringContaining('/home/build'),
    });
    expect(await readdir(out)).toEqual([]);
    for (const folder of [other, out, workspace]) await rm(folder, { recursive: true });
  });

  test('no link that stays within the root', async () => {
    const above = join(directory, 'above');
    await mkdir(join(above, 'rooms/new'), { recursive: true });
    await symlink('../rooms/new', join(above, 'rooms/mine'));
    const mounts = [
      { source: '/usr', target: '/usr', readOnly: true },
      { source: above, target: '/rooms/mine/work', readOnly: true },
    ];
    const { result } = await run('test -d /rooms/new/work/rooms', { roots: [root, above], mounts });
    expect(result).toEqual({ kind: 'exited', exitCode: 0 });
  });

  test('a working directory that does not exist', async () => {
    await expect(run('true', { workingDirectory: '/absent' })).rejects.toMatchObject({
      code: 'SANDBOX_SETUP_FAILED',
    });
  });
});

test('that the disk is full is not so because a command says it', async () => {
  const { result } = await run('echo "write error: No space left on device" >&2; exit 3');
  expect(result).toEqual({ kind: 'exited', exitCode: 3 });
});
