import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, sha512Of } from '@kiln/base';
import { FsBlobs } from '@kiln/blobs-fs';
import { MemoryRegistryState } from '@kiln/factory';
import { emptyBytes, emptyDescriptor, mediaTypes } from '@kiln/oci';
import { ociRegistry } from '@kiln/oci-registry';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './command.ts';
import { installClients } from './install.ts';

describe('strangers’ clients against the registry', () => {
  let directory: string;
  let server: FastifyInstance;
  let registry: string;
  let clients: Readonly<Record<'crane' | 'skopeo' | 'umoci' | 'cosign' | 'regctl', string>>;
  const state = new MemoryRegistryState();

  beforeAll(async () => {
    clients = await installClients(['crane', 'skopeo', 'umoci', 'cosign', 'regctl']);
    directory = await mkdtemp(join(tmpdir(), 'kiln-clients-'));
    server = Fastify();
    await server.register(ociRegistry, {
      blobs: new FsBlobs({ directory: join(directory, 'blobs') }),
      state,
      uploadsDirectory: join(directory, 'uploads'),
      authorizePush: ({ tags }) =>
        tags.includes('owned')
          ? { allowed: false, message: 'the factory moves this tag' }
          : { allowed: true },
    });
    registry = (await server.listen({ host: '127.0.0.1', port: 0 })).replace('http://', '');
    const content = join(directory, 'content');
    await mkdir(content);
    await writeFile(join(content, 'hello'), 'hello from kiln\n');
    await run('tar', ['-C', content, '-cf', join(directory, 'layer.tar'), 'hello']);
    const image = `${registry}/team/app:v1`;
    await crane('append', '--oci-empty-base', '-f', join(directory, 'layer.tar'), '-t', image);
    await crane('mutate', '--set-platform', 'linux/amd64', '-t', image, image);
  });
  afterAll(async () => {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });

  const crane = async (...args: readonly string[]): Promise<string> =>
    (await run(clients.crane, [...args, '--insecure'], { env: { HOME: directory } })).trim();
  const skopeo = (...args: readonly string[]): Promise<string> =>
    run(clients.skopeo, args, { env: { HOME: directory } });
  const regctl = async (...args: readonly string[]): Promise<string> => {
    const host = ['--host', `reg=${registry},tls=disabled`];
    return (await run(clients.regctl, [...host, ...args], { env: { HOME: directory } })).trim();
  };
  const cosign = (...args: readonly string[]): Promise<string> =>
    run(clients.cosign, args, { env: { HOME: directory, COSIGN_PASSWORD: '' } });

  it('crane pushes, validates, reads and lists', async () => {
    const app = `${registry}/team/app`;
    expect(await crane('validate', '--remote', `${app}:v1`)).toContain('PASS');
    const digest = await crane('digest', `${app}:v1`);
    expect((await state.tag('team/app', 'v1'))?.digest).toBe(digest);
    expect(digestOf(await crane('manifest', `${app}:v1`))).toBe(digest);
    expect(await crane('export', `${app}:v1`, '-')).toContain('hello from kiln');
    expect(await crane('ls', app)).toBe('v1');
    expect(await crane('catalog', registry)).toContain('team/app');
  });

  it('crane copies between repositories by mounting', async () => {
    await crane('copy', `${registry}/team/app:v1`, `${registry}/team/copy:v1`);
    expect(await crane('digest', `${registry}/team/copy:v1`)).toBe(
      await crane('digest', `${registry}/team/app:v1`),
    );
  });

  it('crane and skopeo push and pull by the dozen at once, and nothing is lost or mixed', async () => {
    const numbers = Array.from({ length: 12 }, (_, number) => number);
    const app = `${registry}/team/app:v1`;
    const many = `${registry}/team/many`;
    await Promise.all(
      numbers.map((number) =>
        crane('mutate', '--label', `number=${number}`, '-t', `${many}:n${number}`, app),
      ),
    );
    const labels = await Promise.all(
      numbers.map(async (number) => {
        const target = join(directory, `many-${number}`);
        const source = `docker://${many}:n${number}`;
        await skopeo('copy', '--src-tls-verify=false', source, `oci:${target}:v1`);
        const config = await crane('config', `${many}:n${number}`);
        return (JSON.parse(config) as { config: { Labels: { number: string } } }).config.Labels;
      }),
    );
    expect(labels.map(({ number }) => Number(number))).toEqual(numbers);
    expect((await crane('ls', many)).split('\n')).toHaveLength(12);
  });

  it('crane is refused the tags that the factory owns', async () => {
    const tagged = crane('tag', `${registry}/team/app:v1`, 'owned');
    await expect(tagged).rejects.toThrow('the factory moves this tag');
    expect(await crane('ls', `${registry}/team/app`)).not.toContain('owned');
  });

  it('crane deletes what it pushed', async () => {
    await crane('copy', `${registry}/team/app:v1`, `${registry}/team/gone:v1`);
    await crane(
      'delete',
      `${registry}/team/gone@${await crane('digest', `${registry}/team/gone:v1`)}`,
    );
    await expect(crane('digest', `${registry}/team/gone:v1`)).rejects.toThrow('404');
  });

  it('skopeo reads a manifest by the SHA-512 that it was pushed under', async () => {
    const manifest = await crane('manifest', `${registry}/team/app:v1`);
    const reference = `team/app/manifests/${sha512Of(manifest)}`;
    const headers = { 'content-type': mediaTypes.manifest };
    const init = { method: 'PUT', body: manifest, headers };
    expect((await fetch(`http://${registry}/v2/${reference}`, init)).status).toBe(201);
    const source = `docker://${registry}/team/app@${sha512Of(manifest)}`;
    expect(await skopeo('inspect', '--tls-verify=false', '--raw', source)).toBe(manifest);
  });

  it('regctl pushes an image under SHA-512, copies, pulls, refers to and deletes it', async () => {
    const [app, sha512, copy] = ['app', 'sha512', 'sha512-copy'].map(
      (name) => `${registry}/team/${name}`,
    );
    await regctl(
      'image',
      'mod',
      `${app}:v1`,
      '--digest-algo',
      'sha512',
      '--create',
      `${sha512}:v1`,
    );
    const digest = await regctl('manifest', 'head', `${sha512}:v1`);
    expect(digest).toMatch(/^sha512:/);
    const manifest = await regctl('manifest', 'get', `${sha512}@${digest}`, '--format', 'raw-body');
    expect(sha512Of(manifest)).toBe(digest);
    expect(manifest).not.toContain('sha256:');
    await regctl('image', 'copy', `${sha512}:v1`, `${copy}:v1`);
    const layout = join(directory, 'sha512-layout');
    await regctl('image', 'copy', `${copy}@${digest}`, `ocidir://${layout}:v1`);
    const [, hex = ''] = digest.split(':');
    expect(await readFile(join(layout, 'blobs/sha512', hex), 'utf8')).toBe(manifest);
    const note = join(directory, 'note');
    await writeFile(note, 'a note');
    const type = 'application/vnd.example.note';
    const subject = ['--subject', `${sha512}@${digest}`];
    await regctl('artifact', 'put', '--artifact-type', type, '--file', note, ...subject);
    expect(await regctl('artifact', 'list', `${sha512}:v1`, '--format', '{{json .}}')).toContain(
      type,
    );
    await regctl('manifest', 'delete', `${copy}@${digest}`);
    await expect(regctl('manifest', 'head', `${copy}:v1`)).rejects.toThrow('404');
    expect(await regctl('manifest', 'head', `${sha512}:v1`)).toBe(digest);
  });

  it('skopeo copies to an OCI layout, umoci unpacks it, and skopeo pushes it back', async () => {
    const layout = join(directory, 'layout');
    const app = `docker://${registry}/team/app:v1`;
    await skopeo('copy', '--src-tls-verify=false', app, `oci:${layout}:v1`);
    const bundle = join(directory, 'bundle');
    await run(clients.umoci, ['unpack', '--rootless', '--image', `${layout}:v1`, bundle]);
    expect(await readFile(join(directory, 'bundle/rootfs/hello'), 'utf8')).toBe(
      'hello from kiln\n',
    );
    await skopeo(
      'copy',
      '--dest-tls-verify=false',
      `oci:${layout}:v1`,
      `docker://${registry}/team/back:v2`,
    );
    const inspected = JSON.parse(
      await skopeo('inspect', '--tls-verify=false', `docker://${registry}/team/back:v2`),
    ) as {
      Digest: string;
      RepoTags: string[];
    };
    expect(inspected.Digest).toBe(await crane('digest', `${registry}/team/app:v1`));
    expect(inspected.RepoTags).toEqual(['v2']);
  });

  it('cosign signs, attaches the bundle as a referrer and verifies it; a stranger’s key does not', async () => {
    const image = `${registry}/team/app@${await crane('digest', `${registry}/team/app:v1`)}`;
    const [key, other] = [join(directory, 'cosign'), join(directory, 'other')];
    await cosign('generate-key-pair', '--output-key-prefix', key);
    await cosign('generate-key-pair', '--output-key-prefix', other);
    const signing = join(directory, 'signing-config.json');
    await cosign('signing-config', 'create', '--out', signing);
    await cosign(
      'sign',
      '--key',
      `${key}.key`,
      '--signing-config',
      signing,
      '--allow-http-registry',
      '--yes',
      image,
    );
    const verify = (path: string): Promise<string> =>
      cosign(
        'verify',
        '--key',
        `${path}.pub`,
        '--insecure-ignore-tlog',
        '--allow-http-registry',
        image,
      );
    expect(await verify(key)).toContain(image.split('@')[1]);
    await expect(verify(other)).rejects.toThrow('failed to verify signature');
    const [repository = '', digest = ''] = image.slice(registry.length + 1).split('@');
    const referrers = (await (
      await fetch(`http://${registry}/v2/${repository}/referrers/${digest}`)
    ).json()) as {
      manifests: { artifactType: string }[];
    };
    expect(referrers.manifests.map((each) => each.artifactType)).toContain(
      'application/vnd.dev.sigstore.bundle.v0.3+json',
    );
  });

  it('serves a referrer that was pushed by hand beside those of clients', async () => {
    const base = `http://${registry}/v2/team/app`;
    const body = Uint8Array.from(emptyBytes);
    await fetch(`${base}/blobs/uploads/?digest=${emptyDescriptor.digest}`, {
      method: 'POST',
      body,
    });
    const subject = await crane('digest', `${registry}/team/app:v1`);
    const document = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType: 'application/vnd.example.note',
      config: { mediaType: mediaTypes.empty, size: 2, digest: emptyDescriptor.digest },
      layers: [{ mediaType: mediaTypes.empty, size: 2, digest: emptyDescriptor.digest }],
      subject: { mediaType: mediaTypes.manifest, size: 1, digest: subject },
    };
    const text = JSON.stringify(document);
    const headers = { 'content-type': mediaTypes.manifest };
    await fetch(`${base}/manifests/${digestOf(text)}`, { method: 'PUT', body: text, headers });
    const found = await fetch(
      `${base}/referrers/${subject}?artifactType=application/vnd.example.note`,
    );
    expect(
      ((await found.json()) as { manifests: { digest: string }[] }).manifests.map(
        (each) => each.digest,
      ),
    ).toEqual([digestOf(text)]);
    expect(digestOf(await crane('manifest', `${registry}/team/app@${digestOf(text)}`))).toBe(
      digestOf(text),
    );
  });
});
