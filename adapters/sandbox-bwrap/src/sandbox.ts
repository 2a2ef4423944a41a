import { mkdir, readdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Random } from '@kiln/base';
import { KilnError, shorten, systemRandom } from '@kiln/base';
import type { Sandbox, SandboxRequest, SandboxResult } from '@kiln/build';
import { asHostRoot, bwrapArguments } from './arguments.ts';
import { runContained } from './contained.ts';
import { enterScript } from './enter-script.ts';
import { requireInside } from './mount-target.ts';
import type { SandboxSupport } from './probe.ts';
import { probeSandbox } from './probe.ts';
import { RoomWatch } from './room-watch.ts';
import type { ScratchRoot } from './scratch.ts';
import { copyScratch, cpuList, overlayScratch, removeTree } from './scratch.ts';

export interface BwrapSandboxOptions {
  /** An absolute path for the upper layers: made when absent, each run's part is removed after it. */
  readonly scratchDirectory: string;
  /** What the host can do; by default it is tried once, at the first run. */
  readonly support?: Extract<SandboxSupport, { ok: true }>;
  readonly random?: Random;
  /** Processes and threads at a time in one sandbox, where the kernel can count them; at least 301, default 16384. */
  readonly processesMax?: number;
}

/** Builds have some hundred, big ones in Java or Go some thousand. */
const processesMaxDefault = 16_384;

/**
 * The sandbox of bubblewrap over an overlay that is mounted in its own mount namespace; needs no privilege but
 * user namespaces. The user `uid` of the sandbox is the host's user, so everything the host's user owns in a
 * root or a mount belongs to `uid` there. `/tmp` is in memory, `/dev` and `/proc` are minimal, `/sys` is absent,
 * the umask is 022, standard input is empty.
 * `run` throws `SANDBOX_BWRAP_MISSING`, `SANDBOX_NO_USER_NAMESPACES`, `SANDBOX_ARGUMENT_INVALID`,
 * `SANDBOX_COPY_FAILED` and `SANDBOX_SETUP_FAILED` (the command was never started), and `SANDBOX_DISK_FULL` (retry later)
 * when a command failed and there was no room left, which says nothing about the command (`RoomWatch`).
 */
export class BwrapSandbox implements Sandbox {
  readonly #scratchDirectory: string;
  readonly #random: Random;
  readonly #processesMax: number;
  #support: Promise<SandboxSupport> | undefined;

  constructor(options: BwrapSandboxOptions) {
    this.#scratchDirectory = options.scratchDirectory;
    this.#random = options.random ?? systemRandom;
    this.#processesMax = options.processesMax ?? processesMaxDefault;
    if (options.support !== undefined) this.#support = Promise.resolve(options.support);
  }

  /** As the constructor, for a directory that no other process uses: removes what a crash left there. */
  static async open(options: BwrapSandboxOptions): Promise<BwrapSandbox> {
    await mkdir(options.scratchDirectory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(options.scratchDirectory)) {
      await removeTree(join(options.scratchDirectory, name));
    }
    return new BwrapSandbox(options);
  }

  async run(request: SandboxRequest): Promise<SandboxResult> {
    this.#support ??= probeSandbox(this.#scratchDirectory);
    const support = await this.#support;
    if (!support.ok) {
      // What is missing may be installed before the next run.
      this.#support = undefined;
      throw support.error;
    }
    const scratch = join(this.#scratchDirectory, `run-${this.#random.id()}`);
    await mkdir(scratch, { recursive: true, mode: 0o700 });
    try {
      const view = support.overlay
        ? await overlayScratch(scratch, request, asHostRoot(request) ? 'root' : 'user')
        : await copyScratch(scratch, request);
      const options = bwrapArguments(request, view.root, support.procMount);
      for (const { target } of request.mounts) await requireInside(view.layers, target);
      const { terminal = 'none' } = request;
      const argv = await chainOf(request, view, this.#processesMax);
      using room = new RoomWatch(scratch, request.mounts);
      const onOutput = (chunk: Uint8Array): void => {
        room.hear(chunk);
        request.onOutput(chunk);
      };
      const result = await runContained({ argv, options, terminal }, { ...request, onOutput });
      if (result.kind === 'exited' && result.exitCode !== 0) await room.expectRoom();
      return result;
    } finally {
      await removeTree(scratch);
    }
  }
}

async function chainOf(
  request: SandboxRequest,
  view: ScratchRoot,
  processesMax: number,
): Promise<string[]> {
  const affinity = request.cpus === undefined ? [] : ['taskset', '-c', await cpuList(request.cpus)];
  return [
    affinity,
    ['setpriv', '--pdeathsig', 'KILL'],
    [
      'unshare',
      ...(asHostRoot(request) ? [] : ['--user', '--map-root-user']),
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
    ],
    ['bash', '--norc', '--noprofile', '-c', enterScript, 'kiln-sandbox'],
    [view.overlay, view.root, String(processesMax), ...relayWords(request), ...request.argv],
  ].flat();
}

const relayProgram = join(import.meta.dirname, 'relay.ts');

function relayWords({ network, relay }: SandboxRequest): readonly string[] {
  if (relay === undefined || network !== 'none') return ['', '', '', ''];
  const { port, socket } = relay;
  if (!Number.isInteger(port) || port < 1 || port > 65_535 || !isAbsolute(socket)) {
    throw new KilnError('SANDBOX_ARGUMENT_INVALID', `not a relay: ${port} to "${shorten(socket)}"`);
  }
  return [process.execPath, relayProgram, String(port), socket];
}
