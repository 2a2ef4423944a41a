import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { KilnError, collect } from '@kiln/base';
import { parseStanzas } from '@kiln/deb822';
import type { Stanza } from '@kiln/deb822';
import type { OpenDeb } from '@kiln/seed';
import { readTar } from '@kiln/tar';
import type { TarMember } from '@kiln/tar';

const controlBytesMax = 2 ** 20;

/**
 * Opens a `.deb` with the host's `dpkg-deb`, which knows its compressions, by way of a file at `path`. The caller
 * removes the file when the members have been read. Throws `DEBIAN_DEB_INVALID`.
 */
export async function openDeb(content: AsyncIterable<Uint8Array>, path: string): Promise<OpenDeb> {
  await pipeline(Readable.from(content), createWriteStream(path, { flags: 'wx' }));
  let control: Stanza | undefined;
  for await (const member of readTar(dpkgDeb(['--ctrl-tarfile', path]))) {
    if (member.entry.path !== 'control') continue;
    const chunks =
      member.content instanceof Uint8Array ? Readable.from([member.content]) : member.content;
    const bytes = await collect(chunks, controlBytesMax, () =>
      invalid('its control file is too large'),
    );
    control = parseStanzas(Buffer.from(bytes).toString('utf8'))[0];
  }
  if (control === undefined) throw invalid('it has no control file');
  return { control, members: membersOf(path) };
}

async function* membersOf(path: string): AsyncGenerator<TarMember> {
  yield* readTar(dpkgDeb(['--fsys-tarfile', path]));
}

async function* dpkgDeb(argv: readonly string[]): AsyncGenerator<Uint8Array> {
  const child: ChildProcess = spawn('dpkg-deb', argv, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  });
  const ended = once(child, 'close');
  // Awaited below; a spawn that fails must not count as unhandled before.
  ended.catch(() => undefined);
  try {
    if (child.stdout !== null) yield* child.stdout;
    const [exitCode] = (await ended) as [number | null];
    if (exitCode !== 0) throw invalid(`dpkg-deb failed with ${exitCode ?? 'a signal'}`);
  } finally {
    child.kill('SIGKILL');
  }
}

function invalid(message: string): KilnError {
  return new KilnError('DEBIAN_DEB_INVALID', `cannot open a binary package: ${message}`);
}
