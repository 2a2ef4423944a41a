import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-interrupt-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const from = (name: string): string => JSON.stringify(path.join(import.meta.dirname, name));

/** What the programs below do: they wait in a scratch folder until they are interrupted, and are slow to end. */
const work = `
  import { once } from 'node:events';
  import { Interrupt } from ${from('interrupt.ts')};
  import { exitCodeOf } from ${from('report.ts')};
  import { ScratchFolder } from ${from('scratch-folder.ts')};
  import { wordsOf } from ${from('drop-in/run-words.ts')};
  import { apkoProgram } from ${from('apko/program.ts')};
  const waiting = setInterval(() => undefined, 1000);
  async function waitFor(signal) {
    await using scratch = await ScratchFolder.create('kiln-waits-', process.env.TMPDIR);
    process.stdout.write('waits\\n');
    if (!signal.aborted) await once(signal, 'abort');
    process.stdout.write('ends\\n');
    await once(process.stdin, 'data');
    clearInterval(waiting);
    signal.throwIfAborted();
  }
`;

/** As commands of Kiln itself. */
const command = `${work}
  try {
    using interrupt = new Interrupt();
    await waitFor(interrupt.signal);
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
  process.stdin.destroy();
`;

/** As those that have the words of another program. */
const dropIn = `${work}
  const subcommand = {
    ...(await apkoProgram.subcommands['version'].load()),
    run: ({ signal }) => waitFor(signal),
  };
  const program = { ...apkoProgram, subcommands: { version: { load: async () => subcommand } } };
  const print = { data: () => undefined, talk: () => undefined };
  process.exitCode = await wordsOf(program)(['version'], print);
  process.stdin.destroy();
`;

interface Run {
  readonly child: ChildProcess;
  /** Waits until it has printed this. */
  says(text: string): Promise<void>;
}

function start(program: string): Run {
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
  const child = spawn(process.execPath, flags, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => void (said += chunk.toString()));
  const says = async (text: string): Promise<void> => {
    while (!said.includes(text)) await once(child.stdout, 'data');
  };
  return { child, says };
}

test.each([
  ['SIGINT', command, 130],
  ['SIGTERM', command, 143],
  ['SIGHUP', command, 129],
  ['SIGTERM', dropIn, 1],
  ['SIGHUP', dropIn, 129],
] as const)('%s ends a command, which tidies up', async (name, program, exitCode) => {
  const { child, says } = start(program);
  const ended = once(child, 'exit');
  await says('waits');
  expect(fs.readdirSync(folder)).toHaveLength(1);
  child.kill(name);
  await says('ends');
  // A terminal that is closed sends one, and its shell another.
  if (name === 'SIGHUP') child.kill(name);
  child.stdin?.end('on');
  expect(await ended).toEqual([exitCode, null]);
  expect(fs.readdirSync(folder)).toEqual([]);
});

test('a second interrupt ends a command at once', async () => {
  const { child, says } = start(command);
  const ended = once(child, 'exit');
  await says('waits');
  child.kill('SIGHUP');
  await says('ends');
  child.kill('SIGINT');
  expect(await ended).toEqual([null, 'SIGINT']);
});

test('a command outlives what it said to a terminal that is closed', async () => {
  const program = `
    import { runProgram } from ${from('program.ts')};
    await runProgram(['version']);
    process.stderr.emit('error', Object.assign(new Error('write EIO'), { code: 'EIO' }));
    setTimeout(() => process.stdout.write('goes on'), 20);
  `;
  const { child, says } = start(program);
  const ended = once(child, 'exit');
  await says('goes on');
  expect(await ended).toEqual([0, null]);
});
