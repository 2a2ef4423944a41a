import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseIndex } from '@kiln/oci';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './command.ts';
import { installClients } from './install.ts';
import type { PasswordRegistry } from './password-registry.ts';
import { passwordRegistry } from './password-registry.ts';

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

describe('strangers’ clients and the images of kiln apko', () => {
  let directory: string;
  let server: PasswordRegistry;
  let registry: string;
  let clients: Readonly<Record<'crane' | 'skopeo' | 'umoci', string>>;

  beforeAll(async () => {
    clients = await installClients(['crane', 'skopeo', 'umoci']);
    directory = await mkdtemp(join(tmpdir(), 'kiln-apko-clients-'));
    await symlink(repositories, join(directory, 'repos'));
    await writeFile(join(directory, 'hello.yaml'), configuration);
    server = await passwordRegistry(directory, { reading: 'free' });
    registry = server.name;
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const environment = (): Record<string, string> => ({
    HOME: directory,
    XDG_CACHE_HOME: join(directory, 'cache'),
    SOURCE_DATE_EPOCH: '1700000000',
  });
  const apko = (...words: readonly string[]): Promise<string> =>
    run(join(root, 'kiln'), ['apko', '-C', directory, ...words], { env: environment() });
  const skopeo = (...words: readonly string[]): Promise<string> =>
    run(clients.skopeo, words, { cwd: directory, env: { HOME: directory } });
  const crane = (...words: readonly string[]): Promise<string> =>
    run(clients.crane, [...words, '--insecure'], { cwd: directory, env: { HOME: directory } });

  it('skopeo takes an OCI layout, and umoci unpacks its layers', async () => {
    await mkdir(join(directory, 'layout'));
    await apko('build', 'hello.yaml', 'hello:test', 'layout', '--arch', 'x86_64');
    const inspected = JSON.parse(await skopeo('inspect', 'oci:layout')) as {
      readonly Layers: readonly string[];
      readonly Architecture: string;
    };
    expect(inspected.Architecture).toBe('amd64');
    expect(inspected.Layers).toHaveLength(3);
    await skopeo('copy', 'oci:layout', 'oci:copied:test');
    await run(clients.umoci, ['unpack', '--rootless', '--image', 'copied:test', 'bundle'], {
      cwd: directory,
    });
    const unpacked = join(directory, 'bundle/rootfs');
    expect(await readFile(join(unpacked, 'etc/apk/world'), 'utf8')).toContain('hello=2.12.1-r3\n');
    const installed = await readFile(join(unpacked, 'usr/lib/apk/db/installed'), 'utf8');
    expect(installed.match(/^P:.*$/gm)).toEqual([
      'P:libhello',
      'P:hello',
      'P:merged-layout',
      'P:modes',
    ]);
  });

  it('crane takes an archive, whose layers are what its configuration says', async () => {
    await apko('build', 'hello.yaml', 'hello:test', 'hello.tar', '--arch', 'x86_64');
    expect(await crane('validate', '--tarball', 'hello.tar')).toContain('PASS');
    expect(await skopeo('inspect', 'docker-archive:hello.tar')).toContain('amd64');
  });

  it('what is published after logging in is there for everybody, by digest and by tag', async () => {
    const image = `${registry}/team/hello`;
    await expect(apko('publish', 'hello.yaml', `${image}:1`)).rejects.toThrow('log in with');
    await apko('login', registry, '-u', 'ada', '-p', 'secret:word');
    const where = ['--image-refs', 'refs.txt', '--sbom-path', '.'];
    const printed = await apko('publish', 'hello.yaml', `${image}:1`, `${image}:latest`, ...where);
    const [reference = '', ...more] = printed.trim().split('\n');
    expect(more).toEqual([]);
    expect(reference).toBe(`${image}@${(await crane('digest', `${image}:latest`)).trim()}`);
    const names = (await readFile(join(directory, 'refs.txt'), 'utf8')).trim().split('\n');
    expect(names).toHaveLength(3);
    expect(names.at(-1)).toBe(reference);
    for (const name of names) expect(await crane('validate', '--remote', name)).toContain('PASS');
    for (const nowhere of ['--image-refs=nowhere/refs.txt', '--sbom-path=nowhere'])
      await expect(
        apko('publish', 'hello.yaml', `${registry}/team/other:1`, nowhere),
      ).rejects.toThrow('there is no folder nowhere');
    await expect(
      apko('publish', 'hello.yaml', `${registry}/team/other@sha256:${'0'.repeat(64)}`),
    ).rejects.toThrow('is not what was built');
    await expect(crane('ls', `${registry}/team/other`)).rejects.toThrow('NAME_UNKNOWN');
    const half = apko('publish', 'hello.yaml', `${registry}/team/half:1`, 'localhost:1/team/half');
    await expect(half).rejects.toThrow('ECONNREFUSED');
    expect((await crane('ls', `${registry}/team/half`)).trim()).toBe('');
    const named = reference.replace('@', ':other@');
    expect((await apko('publish', 'hello.yaml', named)).trim()).toBe(reference);
    expect((await crane('ls', image)).trim().split('\n')).toEqual(['1', 'latest']);
    const index = parseIndex(Buffer.from(await crane('manifest', reference)));
    expect(index.manifests.map(({ platform }) => platform?.architecture)).toEqual([
      'amd64',
      'arm64',
    ]);
    const sbom = await readFile(join(directory, 'sbom-index.spdx.json'), 'utf8');
    expect(sbom).toContain(reference.split('@')[1]);
  });
});
