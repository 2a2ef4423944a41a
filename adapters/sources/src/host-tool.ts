import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { messageOf } from '@kiln/base';

export interface HostToolRequest {
  readonly argv: readonly string[];
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
}

const timeMs = 30 * 60_000;
const fileBytesMax = 8 * 2 ** 30;
const saidCharactersMax = 2000;

/**
 * Runs a program of the host on hostile data: no shell, an environment of its own, no file above 8 GiB, at most half an
 * hour. Undefined where all went well, otherwise what the program said first, in one line. Throws the signal's reason.
 */
export async function runHostTool(request: HostToolRequest): Promise<string | undefined> {
  const { argv, directory, signal } = request;
  signal?.throwIfAborted();
  const child = spawn('prlimit', [`--fsize=${fileBytesMax}`, '--core=0', ...argv], {
    cwd: directory,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeMs,
    killSignal: 'SIGKILL',
    ...(signal === undefined ? {} : { signal }),
  });
  let said = '';
  const reason = once(child, 'close').then(
    ([code]) => (code === 0 ? undefined : firstLine(said)),
    (error: unknown) => messageOf(error),
  );
  // What could not be started may have no streams.
  if (child.pid !== undefined)
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        if (said.length < saidCharactersMax) said += text;
      });
  await reason;
  signal?.throwIfAborted();
  return reason;
}

function firstLine(said: string): string {
  return said.trim().split('\n')[0] || 'it ended without a word';
}
