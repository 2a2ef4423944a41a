import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError } from '@kiln/base';
import type { Running } from './client.ts';
import { findRunning } from './client.ts';
import type { Config } from './config.ts';

/** What the supervisor says to the command that started it. */
export type StartMessage =
  | { readonly kind: 'stage'; readonly stage: string }
  | { readonly kind: 'started' }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly hint: string;
    };

/** How long somebody else's start of the same home may take. */
const othersStartMs = 90_000;

/**
 * The running factory of this home, started in the background when there is none.
 * Throws what the supervisor could not do, such as `FACTORY_PORT_IN_USE`, and `FACTORY_HELD`.
 */
export async function startSupervisor(
  config: Config,
  options: {
    readonly catalog: string | undefined;
    readonly only: readonly string[];
    /** Told what the start is at. */
    onStage(stage: string): void;
  },
): Promise<{ readonly running: Running; readonly fresh: boolean }> {
  const before = findRunning(config.home);
  if (before !== undefined) return { running: before, fresh: false };
  fs.mkdirSync(path.join(config.home, 'log'), { recursive: true, mode: 0o700 });
  const log = fs.openSync(path.join(config.home, 'log', 'supervisor.log'), 'a', 0o600);
  const child = spawn(
    process.execPath,
    [
      ...lastingFlags(process.execArgv),
      path.join(config.root, 'apps/cli/src/main.ts'),
      'process',
      'supervisor',
    ],
    {
      cwd: config.root,
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      env: {
        ...process.env,
        KILN_HOME: config.home,
        KILN_PORT: String(config.port),
        KILN_ONLY: options.only.join(','),
        ...(options.catalog === undefined ? {} : { KILN_CATALOG: path.resolve(options.catalog) }),
      },
    },
  );
  fs.closeSync(log);
  const message = await new Promise<Exclude<StartMessage, { kind: 'stage' }>>((resolve) => {
    child.on('message', (value) => {
      const said = value as StartMessage;
      if (said.kind === 'stage') options.onStage(said.stage);
      else resolve(said);
    });
    child.once('exit', (code) =>
      resolve({
        kind: 'failed',
        code: 'FACTORY_STOPPED',
        message: `the supervisor ended with ${code}`,
        hint: 'kiln logs supervisor shows why',
      }),
    );
  });
  if (child.connected) child.disconnect();
  child.unref();
  // Somebody else started it at the same moment: theirs is the one.
  if (message.kind === 'failed' && message.code !== 'FACTORY_HELD')
    throw new KilnError(message.code, message.message, { hint: message.hint });
  const deadline = performance.now() + othersStartMs;
  while (performance.now() < deadline) {
    const running = findRunning(config.home);
    if (running !== undefined) return { running, fresh: message.kind === 'started' };
    await sleep(20);
  }
  throw new KilnError(
    'FACTORY_HELD',
    `a factory on ${config.home} starts or stops and does not get on`,
    {
      hint: 'kiln logs supervisor shows what it waits for',
      retry: 'later',
    },
  );
}

/** The flags of the launcher that are for processes that stay: those need no room for a quick start. */
function lastingFlags(flags: readonly string[]): readonly string[] {
  return flags.filter((flag) => !/^--(min|max)-semi-space-size=/.test(flag));
}
