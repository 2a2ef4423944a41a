import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createGunzip } from 'node:zlib';
import { Readable } from 'node:stream';
import type { Digest } from '@kiln/base';
import { KilnError, digestOf } from '@kiln/base';
import type { Config } from '@kiln/oci';
import { mediaTypes, parseConfig, parseManifestDocument } from '@kiln/oci';
import { extractTree } from '@kiln/sandbox-bwrap';
import { readTar } from '@kiln/tar';
import { findRunning } from '../client.ts';
import type { Command } from '../command.ts';
import { usage } from '../command.ts';
import { ensureBubblewrap } from '../host.ts';
import { RegistrySource } from '../registry-source.ts';

const configBytesMax = 4 * 1024 * 1024;

interface Pulled {
  readonly config: Config;
  readonly layers: readonly { readonly digest: Digest; readonly mediaType: string }[];
}

/** The image's configuration and layers for this machine. Throws `IMAGE_NOT_FOUND`, `IMAGE_CONTENT`. */
async function pull(source: RegistrySource): Promise<Pulled> {
  let digest = await source.resolve();
  for (let depth = 0; depth < 3; depth++) {
    const bytes = await source.readManifest(digest);
    if (bytes === undefined || digestOf(bytes) !== digest) throw broken(digest);
    const document = parseManifestDocument(bytes);
    if (document.kind === 'index') {
      const wanted = process.arch === 'x64' ? 'amd64' : process.arch;
      const found =
        document.index.manifests.find((one) => one.platform?.architecture === wanted) ??
        document.index.manifests[0];
      if (found === undefined) throw broken(digest);
      digest = found.digest;
      continue;
    }
    const config = await read(source, document.manifest.config.digest, configBytesMax);
    return { config: parseConfig(config), layers: document.manifest.layers };
  }
  throw broken(digest);
}

function broken(digest: Digest): KilnError {
  return new KilnError('IMAGE_CONTENT', `${digest} is missing or is not what it says`, {
    hint: 'kiln verify names what is wrong; kiln resync repairs it',
  });
}

async function read(source: RegistrySource, digest: Digest, limit: number): Promise<Uint8Array> {
  const stream = await source.readBlob(digest);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream ?? []) {
    size += chunk.length;
    if (size > limit) throw broken(digest);
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  if (digestOf(bytes) !== digest) throw broken(digest);
  return bytes;
}

const layerBytesMax = 2 * 1024 * 1024 * 1024;

async function unpack(source: RegistrySource, pulled: Pulled, root: string): Promise<void> {
  async function* members(): AsyncGenerator<Awaited<ReturnType<typeof read>>> {
    for (const layer of pulled.layers) yield await read(source, layer.digest, layerBytesMax);
  }
  let at = 0;
  for await (const layer of members()) {
    const stream = Readable.from([layer]);
    const tar =
      pulled.layers[at]?.mediaType === mediaTypes.layer ? stream : stream.pipe(createGunzip());
    if (at > 0)
      throw new KilnError('IMAGE_CONTENT', 'the image has several layers', {
        hint: 'run it with docker or podman',
      });
    await extractTree(root, readTar(tar as AsyncIterable<Uint8Array>));
    at++;
  }
}

function variables(config: Config): string[] {
  return (config.config.env ?? []).flatMap((pair) => [
    '--setenv',
    pair.slice(0, pair.indexOf('=')),
    pair.slice(pair.indexOf('=') + 1),
  ]);
}

/** bubblewrap's command line: the image is the whole world, the network is the host's, the user is the image's. */
function commandLine(root: string, config: Config, words: readonly string[]): string[] {
  const uid = /^\d+/.exec(config.config.user ?? '')?.[0] ?? '0';
  const resolver =
    fs.existsSync('/etc/resolv.conf') && fs.existsSync(path.join(root, 'etc'))
      ? ['--ro-bind', fs.realpathSync('/etc/resolv.conf'), '/etc/resolv.conf']
      : [];
  return [
    ['--bind', root, '/', '--proc', '/proc', '--dev', '/dev', '--perms', '1777', '--tmpfs', '/tmp'],
    resolver,
    [
      '--unshare-user',
      '--uid',
      uid,
      '--gid',
      uid,
      '--unshare-pid',
      '--unshare-ipc',
      '--unshare-uts',
      '--hostname',
      'kiln',
    ],
    ['--cap-drop', 'ALL', '--die-with-parent', '--clearenv'],
    variables(config),
    process.env['TERM'] === undefined ? [] : ['--setenv', 'TERM', process.env['TERM']],
    ['--chdir', config.config.workingDir || '/', '--'],
    words,
  ].flat();
}

export const imageRun: Command = {
  name: 'image run',
  summary:
    'Run an image in a sandbox on this machine, without Docker: its entrypoint, or the words after --.',
  usage: 'image run REFERENCE [-- ARG…]',
  examples: [
    'kiln image run busybox',
    'kiln image run busybox -- uname -a',
    'kiln image run localhost:7420/nginx:latest',
  ],
  options: { entrypoint: { type: 'string', value: 'PROGRAM', help: 'instead of the image’s own' } },
  async run({ config, positionals, rest, flags, print }) {
    const text = positionals[0];
    if (text === undefined) throw usage(imageRun, 'which image?');
    await ensureBubblewrap(print.talk);
    const source = new RegistrySource(
      text,
      `localhost:${findRunning(config.home)?.port ?? config.port}`,
    );
    const pulled = await pull(source);
    const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-run-'));
    try {
      const root = path.join(scratch, 'root');
      await unpack(source, pulled, root);
      const { entrypoint = [], cmd = [] } = pulled.config.config;
      const program = typeof flags['entrypoint'] === 'string' ? [flags['entrypoint']] : entrypoint;
      const words = [...program, ...(rest.length > 0 ? rest : cmd)];
      if (words.length === 0)
        throw new KilnError('IMAGE_NO_COMMAND', `${source.text} says nothing to run`, {
          hint: 'name a program after --',
        });
      return await run(commandLine(root, pulled.config, words));
    } finally {
      fs.rmSync(scratch, { recursive: true, force: true });
    }
  },
};

/** Runs it on this terminal; Ctrl-C reaches the program, and its exit code is ours. */
async function run(words: readonly string[]): Promise<number> {
  const child = spawn('bwrap', [...words], { stdio: 'inherit' });
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}
