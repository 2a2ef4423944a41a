import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import { KilnError } from '@kiln/base';
import type { NamedImage, PulledImage } from '@kiln/inspect';
import { blamingDamage, layerArchives, pullImage } from '@kiln/inspect';
import { extractLayers } from '@kiln/sandbox-bwrap';
import { readTar } from '@kiln/tar';
import type { Command } from '../command.ts';
import { usage } from '../command.ts';
import { ensureBubblewrap } from '../host.ts';
import { namedImage } from '../image/named.ts';
import { ownArchitecture } from '../image/own-architecture.ts';
import { requireProgram } from '../image/run-program.ts';
import { runWords } from '../image/run-words.ts';
import { Interrupt } from '../interrupt.ts';
import { ScratchFolder } from '../scratch-folder.ts';

/** The file system of an image, below a folder that is not there yet. Throws `IMAGE_CONTENT`, `TREE_…`, `LOCAL_INTERRUPTED`, and what reading archives does. */
async function unpack(
  source: NamedImage,
  { layers }: PulledImage,
  { root, signal }: { readonly root: string; readonly signal: AbortSignal },
): Promise<void> {
  const untilInterrupted = async function* (
    archive: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of archive) {
      signal.throwIfAborted();
      yield chunk;
    }
  };
  const archives = layerArchives(source, layers);
  await blamingDamage(source, layers, () =>
    extractLayers(
      root,
      archives.map((archive) => readTar(untilInterrupted(archive))),
    ),
  );
}

export const imageRun: Command = {
  name: 'image run',
  summary:
    'Run an image of a registry, a folder or an archive in a sandbox on this machine, without Docker: its entrypoint, with the words after -- as arguments instead of its own. Without an entrypoint they are the command.',
  wordsMax: 1,
  takesRest: true,
  usage: 'image run IMAGE [-- ARG…]',
  examples: [
    'kiln image run busybox',
    'kiln image run busybox -- uname -a',
    'kiln image run localhost:7420/nginx:latest',
    'kiln image build hello.yaml -o hello.tar && kiln image run hello.tar',
  ],
  options: { entrypoint: { type: 'string', value: 'PROGRAM', help: 'instead of the image’s own' } },
  async run({ config, positionals, rest, flags, print }) {
    const text = positionals[0];
    if (text === undefined) throw usage(imageRun, 'which image?');
    await ensureBubblewrap(print.talk);
    const source = namedImage(config, text);
    const pulled = await pullImage(source, ownArchitecture);
    using interrupt = new Interrupt();
    await using scratch = await ScratchFolder.create('kiln-run-');
    const root = path.join(scratch.path, 'root');
    await unpack(source, pulled, { root, signal: interrupt.signal });
    const { entrypoint = [], cmd = [] } = pulled.config.config;
    const program = typeof flags['entrypoint'] === 'string' ? [flags['entrypoint']] : entrypoint;
    const words = [...program, ...(rest.length > 0 ? rest : cmd)];
    const [first] = words;
    if (first === undefined)
      throw new KilnError('IMAGE_NO_COMMAND', `${source.text} says nothing to run`, {
        hint: 'name a program after --',
      });
    const all = await runWords(root, pulled.config, words);
    await requireProgram(root, pulled.config, { program: first, image: source.text });
    interrupt.signal.throwIfAborted();
    return await run(all);
  },
};

/** Runs it on this terminal; Ctrl-C ends the program, and its exit code is ours. */
async function run(words: readonly string[]): Promise<number> {
  const child = spawn('bwrap', [...words], { stdio: 'inherit' });
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  for (const name of ['SIGTERM', 'SIGHUP'] as const) process.on(name, () => child.kill(name));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']),
    );
  });
}
