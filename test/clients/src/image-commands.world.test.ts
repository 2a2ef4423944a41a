import {
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './command.ts';
import { installClients } from './install.ts';
import type { PasswordRegistry } from './password-registry.ts';
import { passwordRegistry, registryPassword } from './password-registry.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const repositories = join(root, 'apps/cli/testdata/apko/repos');

const configuration = `
contents:
  repositories: [./repos/main]
  keyring: [./repos/parity.rsa.pub]
  packages: [merged-layout, hello, modes]
entrypoint: {command: /usr/bin/hello}
layering: {strategy: origin, budget: 2}
archs: [x86_64, aarch64]
`;

const wanted = ['cpio', 'crane', 'cyclonedx-validate', 'skopeo', 'spdx-validate', 'umoci'] as const;

interface Built {
  readonly digest: string;
  readonly images: readonly { readonly digest: string }[];
}

describe('strangers’ clients and the images of kiln image', () => {
  let directory: string;
  let server: PasswordRegistry;
  let registry: string;
  let clients: Readonly<Record<(typeof wanted)[number], string>>;

  beforeAll(async () => {
    clients = await installClients(wanted);
    directory = await mkdtemp(join(tmpdir(), 'kiln-image-clients-'));
    await symlink(repositories, join(directory, 'repos'));
    await writeFile(join(directory, 'hello.yaml'), configuration);
    server = await passwordRegistry(directory, { reading: 'private' });
    registry = server.name;
    await mkdir(join(directory, '.docker'));
    await writeFile(
      join(directory, '.docker/config.json'),
      JSON.stringify({ auths: { [registry]: { auth: registryPassword } } }),
    );
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const environment = (): Record<string, string> => ({
    HOME: directory,
    KILN_HOME: join(directory, 'factory'),
    XDG_CACHE_HOME: join(directory, 'cache'),
  });
  const kiln = (...words: readonly string[]): Promise<string> =>
    run(join(root, 'kiln'), ['image', ...words], { cwd: directory, env: environment() });
  const built = async (...words: readonly string[]): Promise<Built> =>
    JSON.parse(await kiln(...words, '--json')) as Built;
  const client =
    (name: keyof typeof clients) =>
    (...words: readonly string[]): Promise<string> =>
      run(clients[name], words, {
        cwd: directory,
        env: { HOME: directory, REGISTRY_AUTH_FILE: join(directory, '.docker/config.json') },
      });
  const skopeo = client('skopeo');
  const umoci = client('umoci');
  const crane = client('crane');

  it('one image: skopeo takes the layout and the archive, umoci unpacks it, crane finds no fault, Kiln reads what skopeo copies', async () => {
    const one = await built(
      'build',
      'hello.yaml',
      '-o',
      'one/',
      '-t',
      'hello:test',
      '--arch',
      'x86_64',
    );
    await kiln('build', 'hello.yaml', '-o', 'one.tar', '-t', 'hello:test', '--arch', 'x86_64');
    for (const image of [
      'oci:one:test',
      'oci-archive:one.tar',
      'docker-archive:one.tar:hello:test',
    ]) {
      const found = JSON.parse(await skopeo('inspect', image)) as { readonly Architecture: string };
      expect(found.Architecture).toBe('amd64');
    }
    expect(await crane('validate', '--tarball', 'one.tar')).toContain('PASS');
    await umoci('unpack', '--rootless', '--image', 'one:test', 'bundle');
    const unpacked = join(directory, 'bundle/rootfs');
    expect(await readFile(join(unpacked, 'etc/apk/world'), 'utf8')).toContain('hello=2.12.1-r3\n');
    expect((await lstat(join(unpacked, 'bin'))).isSymbolicLink()).toBe(true);
    expect(await skopeo('inspect', '--raw', 'oci:one:test')).toContain(one.images[0]?.digest);
    await skopeo('copy', 'oci:one:test', 'oci-archive:copied.tar');
    await skopeo('copy', 'oci:one:test', 'oci:copied:test');
    for (const copy of ['copied.tar', 'copied/', 'one.tar'])
      expect(await kiln('diff', 'one/', copy)).toContain('nothing differs');
  });

  it('layers of zstd: skopeo and crane unpack them to what they say, umoci what skopeo made of them, and Kiln reads them', async () => {
    const words = ['hello.yaml', '--arch', 'x86_64', '--compression', 'zstd'];
    const { digest } = await built('build', ...words, '-o', 'zstd/', '-t', 'hello:test');
    const name = `${registry}/team/zstd:1`;
    const published = await built('publish', ...words, name);
    expect(published.digest).toBe(digest);
    const manifest = await crane('manifest', '--insecure', '--platform', 'linux/amd64', name);
    const { layers } = JSON.parse(manifest) as {
      readonly layers: readonly { readonly mediaType: string }[];
    };
    expect(new Set(layers.map(({ mediaType }) => mediaType))).toEqual(
      new Set(['application/vnd.oci.image.layer.v1.tar+zstd']),
    );
    // `crane validate` looks into gzip alone.
    await crane('export', '--insecure', '--platform', 'linux/amd64', name, 'exported.tar');
    const exported = await run('tar', ['-xOf', join(directory, 'exported.tar'), 'etc/apk/world']);
    expect(exported).toContain('hello=2.12.1-r3\n');
    await kiln('build', ...words, '-o', 'zstd.tar', '-t', 'hello:test');
    const config = JSON.parse(await skopeo('inspect', '--config', 'oci:zstd:test')) as {
      readonly rootfs: { readonly diff_ids: readonly string[] };
    };
    for (const [number, image] of ['oci:zstd:test', 'oci-archive:zstd.tar'].entries()) {
      await skopeo('copy', '--dest-decompress', image, `dir:plain-${number}`);
      const files = await readdir(join(directory, `plain-${number}`));
      expect(files).toEqual(
        expect.arrayContaining(config.rootfs.diff_ids.map((one) => one.slice('sha256:'.length))),
      );
    }
    // umoci reads zstd since 0.5.
    await skopeo('copy', 'dir:plain-0', 'oci:from-zstd:test');
    await umoci('unpack', '--rootless', '--image', 'from-zstd:test', 'unpacked-zstd');
    const world = join(directory, 'unpacked-zstd/rootfs/etc/apk/world');
    expect(await readFile(world, 'utf8')).toBe(exported);
    const gzip = `${registry}/team/zstd:gzip`;
    await kiln('publish', 'hello.yaml', '--arch', 'x86_64', gzip);
    expect(await kiln('diff', name, gzip)).toContain('nothing differs');
    expect(await kiln('why', name, 'libhello')).toContain('hello');
  });

  it('their SBOMs: the validators of both formats find no fault', async () => {
    const words = ['--sbom-path', 'sboms', '--sbom-formats', 'spdx,cyclonedx'];
    await kiln('build', 'hello.yaml', '-o', 'described/', ...words);
    const files = await readdir(join(directory, 'sboms'));
    expect(files.toSorted()).toEqual([
      'sbom-aarch64.cdx.json',
      'sbom-aarch64.spdx.json',
      'sbom-index.spdx.json',
      'sbom-x86_64.cdx.json',
      'sbom-x86_64.spdx.json',
    ]);
    for (const name of files)
      expect(
        await (name.endsWith('.cdx.json')
          ? client('cyclonedx-validate')(join('sboms', name))
          : client('spdx-validate')('-i', join('sboms', name))),
      ).toBe('');
  });

  it('several images: the layout, the archive and what is published are the same', async () => {
    const { digest, images } = await built('build', 'hello.yaml', '-o', 'two/', '-t', 'hello:test');
    await kiln('build', 'hello.yaml', '-o', 'two.tar', '-t', 'hello:test');
    for (const image of ['oci:two:test', 'oci-archive:two.tar'])
      for (const one of images)
        expect(await skopeo('inspect', '--raw', image)).toContain(one.digest);
    for (const arch of ['amd64', 'arm64'])
      expect(await skopeo('inspect', `docker-archive:two.tar:hello:test-${arch}`)).toContain(arch);
    const name = `${registry}/team/hello`;
    const unwritable = ['--image-refs=nowhere/refs.txt', '--sbom-path=hello.yaml'];
    for (const option of unwritable)
      await expect(built('publish', 'hello.yaml', `${name}:1`, option)).rejects.toThrow('error[');
    await expect(crane('ls', '--insecure', name)).rejects.toThrow('NAME_UNKNOWN');
    const published = await built('publish', 'hello.yaml', `${name}:1`, `${name}:latest`);
    expect(published.digest).toBe(digest);
    expect((await crane('digest', '--insecure', `${name}:latest`)).trim()).toBe(digest);
    expect(await crane('validate', '--insecure', '--remote', `${name}:1`)).toContain('PASS');
    const copy = ['--all', '--preserve-digests', '--dest-tls-verify=false'];
    await skopeo('copy', ...copy, 'oci:two:test', `docker://${registry}/team/copied:1`);
    expect((await crane('digest', '--insecure', `${registry}/team/copied:1`)).trim()).toBe(digest);
  });

  it('private images are read with docker’s credentials, and refused without', async () => {
    const name = `${registry}/team/private:1`;
    await kiln('publish', 'hello.yaml', name, '--arch', 'x86_64');
    expect(await kiln('why', name, 'libhello')).toContain('hello');
    expect(await kiln('diff', name, name)).toContain('nothing differs');
    const stranger = run(join(root, 'kiln'), ['image', 'why', name, 'libhello'], {
      cwd: directory,
      env: { ...environment(), DOCKER_CONFIG: join(directory, 'nobody') },
    });
    await expect(stranger).rejects.toThrow('REGISTRY_CLIENT_REFUSED');
  });

  it('an image of several layers that umoci made runs, with what its whiteouts leave', async () => {
    await kiln('build', 'hello.yaml', '-o', 'base/', '-t', 'hello:test', '--arch', 'x86_64');
    await skopeo('copy', 'oci:base:test', 'oci:layers:test');
    const shell = await realpath('/bin/sh');
    const libraries = (await run('ldd', [shell])).matchAll(/(\/\S*\/(\S+)) \(/g);
    // umoci changes the folder that a file is in, which has to be the caller's.
    const copy = join(directory, 'inserted');
    const insert = ['insert', '--rootless', '--image', 'layers:test', copy];
    for (const [source, target] of [
      [shell, '/usr/bin/sh'],
      ...libraries.map(([, file = '', name]) => [
        file,
        file.startsWith('/lib64/') ? file : `/usr/lib/x86_64-linux-gnu/${name}`,
      ]),
    ]) {
      await copyFile(source ?? '', copy);
      await umoci(...insert, target ?? '');
    }
    await umoci('unpack', '--rootless', '--image', 'layers:test', 'changed');
    const rootfs = join(directory, 'changed/rootfs');
    await rm(join(rootfs, 'usr/share/x'), { recursive: true });
    await rm(join(rootfs, 'etc/profile'));
    await writeFile(join(rootfs, 'etc/added'), 'added\n');
    await umoci('repack', '--image', 'layers:test', 'changed');
    const name = `${registry}/team/layers:1`;
    await skopeo('copy', '--dest-tls-verify=false', 'oci:layers:test', `docker://${name}`);
    const script =
      'read -r word < /etc/added; echo "$word"; echo /usr/share/x* /etc/profile* /usr/bin/hel*';
    expect(await kiln('run', '--entrypoint', '/bin/sh', name, '--', '-c', script)).toBe(
      'added\n/usr/share/x* /etc/profile* /usr/bin/hello\n',
    );
  });

  it('cpio unpacks a file system, with the links between its files', async () => {
    await kiln('build-cpio', 'hello.yaml', '-o', 'root.cpio', '--arch', 'x86_64');
    await mkdir(join(directory, 'unpacked'));
    const words = ['-i', '-d', '--no-absolute-filenames', '-F', '../root.cpio'];
    const unpacked = join(directory, 'unpacked');
    await run(clients.cpio, [...words, 'usr/*', 'etc/*'], { cwd: unpacked });
    const names = ['usr/share/hard/1', 'usr/share/hard/2', 'usr/zhard'];
    const found = await Promise.all(names.map((name) => stat(join(unpacked, name))));
    expect(new Set(found.map(({ ino }) => ino)).size).toBe(1);
    expect(found[0]?.nlink).toBe(3);
    expect(found[0]?.size).toBeGreaterThan(0);
    expect(await readdir(join(unpacked, 'etc'))).toContain('apko.json');
  });
});
