import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { PackageSummary } from '@kiln/server/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Factory } from './factory.ts';
import { warmHome } from './warm-home.ts';

let factory: Factory;

beforeAll(async () => {
  factory = new Factory({ homeFrom: await warmHome('catalog') });
}, 600_000);

afterAll(async () => factory[Symbol.asyncDispose](), 120_000);

describe('starting and stopping', () => {
  test('without a factory, commands say how to start one', async () => {
    for (const words of [['status'], ['image', 'ls'], ['resync'], ['queue', 'ls']]) {
      const result = await factory.kiln(words);
      expect([result.exitCode, result.stdout]).toEqual([1, '']);
      expect(result.stderr).toMatch(/^error\[FACTORY_NOT_RUNNING\]: .*\nhint: .*kiln up/);
    }
    expect((await factory.kiln(['down'])).exitCode).toBe(0);
  });

  test('a port in use is one clear error, and nothing stays behind', async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const result = await factory.kiln(['up'], { environment: { KILN_PORT: String(port) } });
    server.close();
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(`error[FACTORY_PORT_IN_USE]: port ${port} is in use`);
    expect(result.stderr).toMatch(/hint: .*KILN_PORT/);
    expect((await factory.kiln(['status'])).stderr).toContain('FACTORY_NOT_RUNNING');
  });

  test('a port that is none is refused', async () => {
    const result = await factory.kiln(['up'], { environment: { KILN_PORT: '70000' } });
    expect([result.exitCode, result.stderr]).toEqual([1, expect.stringContaining('CONFIG_PORT')]);
  });

  test('detached, up returns when the server answers', async () => {
    await factory.succeed(['up', '--detach']);
    const status = await factory.status();
    expect((await fetch(`http://${status.registry}/v2/`)).status).toBe(200);
    await factory.up();
  });

  test('Ctrl-C leaves the factory at work and says so', async () => {
    factory.edit('recipes/words.yaml', '  - runs: |\n', '  - runs: |\n      sleep 8\n');
    const up = factory.start(['up']);
    await up.says(/package:words@x86_64/);
    up.signal('SIGINT');
    const result = await up.result;
    expect([result.exitCode, result.stderr]).toEqual([
      0,
      expect.stringContaining('goes on in the background'),
    ]);
    expect((await factory.status()).converged).toBe(false);
    await factory.until('the end of the build', (status) => status.converged);
  });

  test('two factories with different homes run side by side', async () => {
    await using other = new Factory({ homeFrom: await warmHome('seed') });
    await other.up('--only', 'static');
    const [mine, theirs] = [await factory.status(), await other.status()];
    expect(theirs.registry).not.toBe(mine.registry);
    expect((await other.images()).map((image) => image.name)).toEqual(['static']);
    // What was not asked for is not built; the test of the layout asks for a shell.
    const packages = await other.json<PackageSummary[]>('package', 'ls');
    expect(packages.map((one) => one.name)).toEqual(['baselayout', 'busybox', 'probe', 'words']);
    expect(await factory.images()).toHaveLength(3);
    await other.succeed(['down']);
    expect((await factory.status()).converged).toBe(true);
  });
});

describe('looking', () => {
  test('usage errors end with 2 and name what to do', async () => {
    for (const words of [
      ['upp'],
      ['up', '--no-such'],
      ['image'],
      ['verify'],
      ['up', 'static'],
      ['status', 'all'],
    ]) {
      const result = await factory.kiln(words);
      expect([words, result.exitCode, result.stdout]).toEqual([words, 2, '']);
      expect(result.stderr).toMatch(/^error\[USAGE\]: .+\nhint: .+/);
    }
  });

  test('what is not there ends with 4', async () => {
    for (const words of [
      ['image', 'show', 'nobody'],
      ['image', 'show', 'greeter:nothing'],
      ['package', 'show', 'nobody'],
      ['queue', 'show', 'package:nobody@x86_64'],
      ['logs', 'package:nobody@x86_64'],
      ['verify', 'nobody'],
      ['image', 'run', 'nobody'],
      ['image', 'why', 'greeter', 'nobody'],
      ['image', 'why', 'greeter', '/nobody'],
    ]) {
      const result = await factory.kiln(words);
      expect([words, result.exitCode, result.stdout]).toEqual([words, 4, '']);
      expect(result.stderr).toMatch(/^error\[[A-Z_]+_NOT_FOUND\]: /);
    }
  });

  test('a name that no catalog has changes nothing of what the factory was asked for', async () => {
    const selection = path.join(factory.home, 'run', 'selection.json');
    const before = fs.readFileSync(selection, 'utf8');
    const refused = await factory.kiln(['up', '--only', 'nobody']);
    expect([refused.exitCode, refused.stderr]).toEqual([
      4,
      expect.stringContaining('error[API_NAME_NOT_FOUND]: '),
    ]);
    expect(fs.readFileSync(selection, 'utf8')).toBe(before);
  });

  test('an image is shown with packages, tests and attestations', async () => {
    const shown = await factory.succeed(['image', 'show', 'shell']);
    for (const one of [
      'tables-seven',
      'The tables are laid',
      'passed',
      'spdx',
      'slsa',
      'cosign verify',
    ])
      expect(shown).toContain(one);
    const images = await factory.json<readonly { readonly reference: string }[]>('image', 'ls');
    for (const one of images)
      expect(await factory.succeed(['image', 'show', one.reference])).toContain(one.reference);
    expect(await factory.succeed(['image', 'ls'])).toMatch(/^REFERENCE .*\n.*greeter:latest/);
    expect(await factory.succeed(['image', 'ls', '--all'])).toMatch(/^greeter +\d.* yes$/m);
    expect(await factory.succeed(['status'])).toMatch(/^retention \S.*; the next /m);
  });

  test('an image says why a package or a file is in it, and how it differs from another', async () => {
    const why = await factory.succeed(['image', 'why', 'greeter', 'greet']);
    expect(why).toMatch(
      /^greeter 0\.9-r3 was asked for\n└─ needs so:libgreet\.so\.\d+.*: greet \S+\n$/,
    );
    expect(await factory.json('image', 'why', 'greeter', '/usr/bin/greeter')).toMatchObject({
      path: '/usr/bin/greeter',
      package: 'greeter',
      why: [{ package: 'greeter', kind: 'asked', meets: 'greeter' }],
    });
    expect(await factory.succeed(['image', 'why', 'greeter', '/etc/apk/world'])).toContain(
      'is of no package',
    );
    expect(await factory.succeed(['image', 'diff', 'static', 'static'])).toContain(
      'nothing differs',
    );
    const other = await factory.kiln(['image', 'diff', 'static', 'greeter']);
    expect([other.exitCode, other.stderr]).toEqual([3, '']);
    expect(other.stdout).toMatch(/^\+ package greeter 0\.9-r3$/m);
    expect(other.stdout).toMatch(/^~ entrypoint: /m);
  });

  test('an image that is built next to the factory is the factory’s, with a lock and without', async () => {
    const { digest } = await factory.json<{ readonly digest: string }>('image', 'show', 'greeter');
    const config = path.join(factory.catalog, 'images/greeter.yaml');
    const build = ['image', 'build', config, '-o', path.join(factory.directory, 'greeter.tar')];
    expect(await factory.json(...build, '--no-vcs')).toMatchObject({ digest });
    const lock = path.join(factory.directory, 'greeter.lock.json');
    await factory.succeed(['image', 'lock', config, '-o', lock]);
    expect(await factory.json(...build, '--no-vcs', '--lockfile', lock)).toMatchObject({ digest });
  });

  test('a package is shown with what it was made of', async () => {
    const shown = await factory.succeed(['package', 'show', 'hostname']);
    expect(shown).toContain('hostname 3.23-r0 x86_64');
    expect(shown).toContain('f3fb39f30b00ba7dba2cec013195d7e1bb215f241153208ccd52da3eedfe7a7d');
    expect(await factory.succeed(['package', 'ls'])).not.toContain('busybox-static');
    expect(await factory.succeed(['package', 'ls', '--all'])).toContain('busybox-static');
  });

  test('verify explains each check in one screen, and as JSON', async () => {
    const said = await factory.succeed(['verify', 'static']);
    expect(said.split('\n').length).toBeLessThan(40);
    for (const one of ['signature', 'SBOM', 'provenance'])
      expect(said).toMatch(new RegExp(one, 'i'));
    expect(await factory.json('verify', 'static')).toMatchObject({ verified: true });
    const { registry } = await factory.status();
    expect(await factory.succeed(['verify', `${registry}/static:latest`])).toContain(registry);
  });

  test('the keys are printed', async () => {
    const { key } = await factory.status();
    expect(await factory.succeed(['key', 'public'])).toBe(fs.readFileSync(key, 'utf8'));
    expect(await factory.succeed(['key', 'public', '--apk'])).toMatch(
      /^-----BEGIN PUBLIC KEY-----/,
    );
  });

  test('the configuration is printed with where it comes from', async () => {
    const rows = await factory.json<{ name: string; value: unknown; origin: string }[]>(
      'config',
      'show',
    );
    expect(rows.map(({ name }) => name)).toContain('retention');
    expect(rows).toContainEqual({ name: 'home', value: factory.home, origin: 'KILN_HOME' });
    expect(await factory.succeed(['config', 'show'])).toContain(factory.catalog);
  });

  test('logs of processes and of keys are printed', async () => {
    expect(await factory.succeed(['logs', 'server'])).toContain('server listens');
    expect(await factory.succeed(['logs', 'package:hostname@x86_64'])).toContain('hostname.c');
    // Its build says nothing.
    expect(await factory.succeed(['logs', 'package:words@x86_64'])).toBe('');
    expect((await factory.kiln(['logs', '../keys'])).exitCode).toBe(4);
  });
});

describe('image run', () => {
  test('runs the entry point, with words of its own, in the image’s own world as its user', async () => {
    expect(await factory.succeed(['image', 'run', 'static'])).toBe('probe: it runs\n');
    expect(await factory.succeed(['image', 'run', 'greeter', '--', 'you'])).toBe('hello, you\n');
    const script = 'id -u; . /etc/os-release; echo $ID; ls /root 2>&1 | tail -n 1';
    const said = await factory.succeed(['image', 'run', 'shell', '--', 'sh', '-c', script]);
    expect(said.split('\n').slice(0, 2)).toEqual(['65532', 'kiln']);
  });

  test('passes the program’s exit code on, and leaves nothing behind', async () => {
    const result = await factory.kiln(['image', 'run', 'shell', '--', 'sh', '-c', 'exit 7'], {
      environment: { TMPDIR: factory.directory },
    });
    expect(result.exitCode).toBe(7);
    const left = fs.readdirSync(factory.directory).filter((name) => name.startsWith('kiln-run-'));
    expect(left).toEqual([]);
    expect(fs.existsSync(path.join(factory.directory, 'home'))).toBe(true);
  });
});
