import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError, messageOf, shellWord } from '@kiln/base';
import { buildConsole } from '@kiln/console/build';
import { readInstallation } from '@kiln/server/installation';
import type { ImageSummary, KeySummary, Status } from '@kiln/server/schemas';
import type { Client } from '../client.ts';
import { Client as ApiClient, findRunning } from '../client.ts';
import type { Command, Invocation } from '../command.ts';
import { usage } from '../command.ts';
import { ensureBubblewrap } from '../host.ts';
import { Progress } from '../progress.ts';
import { duration } from '../report.ts';
import { startSupervisor } from '../start.ts';
import { Waiting } from '../waiting.ts';
import { stopFactory } from './down.ts';
import { describeStatus } from './status.ts';

const answerMs = 90_000;

/** Waits until the server answers. Throws `FACTORY_UNREACHABLE`. */
async function answering(client: Client, home: string): Promise<Status> {
  const deadline = performance.now() + answerMs;
  for (;;) {
    try {
      return await client.call<Status>('GET', '/api/status');
    } catch (error) {
      if (performance.now() > deadline) throw error;
      if (findRunning(home) === undefined) {
        throw new KilnError('FACTORY_STOPPED', 'the factory stopped while it started', {
          hint: 'kiln logs supervisor shows why',
          cause: error,
        });
      }
      await sleep(50);
    }
  }
}

function where(status: Status): string {
  return [
    `console   ${status.console}`,
    `registry  ${status.registry}`,
    `packages  ${status.packages}`,
    '',
  ].join('\n');
}

function runFirst(images: readonly ImageSummary[], status: Status): string {
  const first = images.find((image) => image.name === 'busybox') ?? images[0];
  if (first === undefined) return '';
  const kiln = shellWord(process.env['KILN_PROGRAM'] ?? 'kiln');
  const cosign = 'cosign verify --insecure-ignore-tlog --allow-http-registry';
  return [
    '',
    `run it        ${kiln} image run ${first.name}`,
    `or            docker run --rm -it ${first.reference}`,
    `check it      ${kiln} verify ${first.name}`,
    `or            ${cosign} --key ${shellWord(status.key)} ${first.reference}`,
    '',
  ].join('\n');
}

interface Followed {
  readonly keys: readonly KeySummary[];
  readonly status: Status;
}

async function look(client: Client, only: readonly string[]): Promise<Followed> {
  const query =
    only.length === 0 ? '' : `?${only.map((name) => `only=${encodeURIComponent(name)}`).join('&')}`;
  const [status, keys] = await Promise.all([
    client.call<Status>('GET', `/api/status${query}`),
    client.call<KeySummary[]>('GET', `/api/keys${query}`),
  ]);
  return { status, keys };
}

/** The server may be starting again at this very moment, after a crash of its own or of the database. */
async function lookPatiently(
  client: Client,
  only: readonly string[],
  home: string,
): Promise<Followed> {
  const deadline = performance.now() + answerMs;
  for (;;) {
    try {
      return await look(client, only);
    } catch (error) {
      const lasting = error instanceof KilnError && error.code.endsWith('_NOT_FOUND');
      if (lasting || findRunning(home) === undefined || performance.now() > deadline) throw error;
      await sleep(250);
    }
  }
}

/** Keys may wait for something that is only about to be asked for. */
const stuckMs = 10_000;

/** True when nothing is under way. What the status says and the list of keys are two looks, and must agree. */
function idle({ status, keys }: Followed): boolean {
  if (status.keys.working > 0 || status.keys.queued > 0) return false;
  return !keys.some((key) => key.status === 'working' || key.status === 'queued');
}

/** True when nothing that is under way can bring the catalog to its desired state. */
function parked({ status }: Followed, idleMs: number): boolean {
  return status.failed.length > 0 || status.problems.length > 0 || idleMs > stuckMs;
}

/** Shows progress until everything converged (0) or only parked keys are left (1). */
async function follow(
  client: Client,
  only: readonly string[],
  invocation: Invocation,
): Promise<number> {
  const { print } = invocation;
  const terminal = process.stderr.isTTY === true;
  const progress = new Progress({
    write: print.talk,
    terminal,
    columns: () => process.stderr.columns || 100,
    nowMs: Date.now(),
  });
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
  };
  process.once('SIGINT', interrupt);
  const startedAt = Date.now();
  let worked = false;
  let busyAt = Date.now();
  let idleBefore = false;
  try {
    for (;;) {
      const followed = await lookPatiently(client, only, invocation.config.home);
      worked ||= followed.keys.some((key) => key.status === 'working');
      const idleNow = idle(followed);
      if (!idleNow) busyAt = Date.now();
      progress.show(followed.keys, Date.now());
      // Idle once may be the moment between an end and what it starts.
      const ended = idleNow && idleBefore && parked(followed, Date.now() - busyAt);
      idleBefore = idleNow;
      if (interrupted || followed.status.converged || ended) {
        progress.clear();
        if (interrupted && !followed.status.converged) {
          print.talk(
            '\nthe factory goes on in the background: kiln status shows it, kiln down stops it\n',
          );
          return 0;
        }
        return await finish(
          client,
          followed,
          { worked, tookMs: Date.now() - startedAt },
          invocation,
        );
      }
      await sleep(terminal ? 250 : 500);
    }
  } finally {
    process.removeListener('SIGINT', interrupt);
  }
}

async function finish(
  client: Client,
  followed: Followed,
  run: { worked: boolean; tookMs: number },
  { print }: Invocation,
): Promise<number> {
  if (!followed.status.converged) {
    print.data(describeStatus(followed.status));
    return 1;
  }
  const images = await client.call<ImageSummary[]>('GET', '/api/images');
  print.talk(
    run.worked
      ? `\nthe catalog is as desired, after ${duration(run.tookMs)}\n`
      : '\nnothing to do: the catalog is as desired\n',
  );
  for (const image of images) print.data(`${image.reference}@${image.digest}\n`);
  print.talk(runFirst(images, followed.status));
  return 0;
}

/** A factory that answers, with this selection; progress is shown meanwhile. */
async function start(
  { config, print }: Invocation,
  selection: { readonly catalog: string | undefined; readonly only: readonly string[] },
): Promise<{ readonly client: Client; readonly status: Status }> {
  const waiting = new Waiting(print.talk, process.stderr.isTTY === true);
  try {
    const before = findRunning(config.home);
    if (
      (before?.installation ?? '') !== '' &&
      before?.installation !== readInstallation(config.root)
    ) {
      waiting.show('stopping the factory, which runs an earlier installation');
      await stopFactory(config.home);
    }
    if (findRunning(config.home) === undefined) waiting.show('starting the factory');
    const onStage = (stage: string): void => waiting.show(`starting the factory, ${stage}`);
    const [{ running, fresh }, problem] = await Promise.all([
      startSupervisor(config, { ...selection, onStage }),
      // The server finds the pages when they are there.
      buildConsole(config.root).then(() => '', messageOf),
    ]);
    if (problem !== '') {
      waiting.stop();
      print.talk(`warning: the console could not be built: ${problem}\n`);
    }
    onStage('reading the catalog');
    const client = new ApiClient(running.port);
    const status = await answering(client, config.home);
    const { catalog, only } = selection;
    if (!fresh)
      await client.call('POST', '/api/selection', {
        only,
        ...(catalog === undefined ? {} : { catalog: path.resolve(catalog) }),
      });
    return { client, status };
  } finally {
    waiting.stop();
  }
}

/** A mistyped folder is said at once, before the running factory is told to use it. Throws `CATALOG_NOT_FOUND`. */
function checkCatalog(folder: string): void {
  if (fs.existsSync(path.join(folder, 'catalog.yaml'))) return;
  throw new KilnError('CATALOG_NOT_FOUND', `there is no catalog.yaml in ${folder}`, {
    hint: 'kiln init DIR makes a catalog; --catalog names its folder',
  });
}

export const up: Command = {
  name: 'up',
  summary:
    'Start the factory, bring the catalog to its desired state and show progress until it is.',
  usage: 'up [--only NAME…] [--catalog DIR] [--detach]',
  examples: [
    'kiln up',
    'kiln up --only static --only busybox',
    'kiln up --catalog ./my-catalog',
    'KILN_HOME=/srv/kiln KILN_PORT=0 kiln up --detach',
  ],
  options: {
    only: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      help: 'only these images or packages and what they need (repeat it, or separate by commas)',
    },
    catalog: {
      type: 'string',
      value: 'DIR',
      help: 'a catalog of your own beside Kiln OS (KILN_CATALOG)',
    },
    detach: { type: 'boolean', help: 'return as soon as the server answers' },
  },
  async run(invocation) {
    const { flags, positionals, print } = invocation;
    const given = (flags['only'] as readonly string[] | undefined) ?? [];
    const only = [
      ...given.flatMap((names) => names.split(',')),
      ...(given.length > 0 ? positionals : []),
    ].filter((name) => name !== '');
    if (given.length === 0 && positionals.length > 0) {
      throw new KilnError('USAGE', `unexpected: ${positionals.join(' ')}`, {
        hint: 'kiln up --only NAME',
      });
    }
    if (given.length > 0 && only.length === 0)
      throw usage(up, '--only names nothing: without it everything is built');
    await ensureBubblewrap(print.talk);
    // The server has a working directory of its own.
    const catalog =
      typeof flags['catalog'] === 'string'
        ? path.resolve(flags['catalog'])
        : invocation.config.catalog;
    if (catalog !== undefined) checkCatalog(catalog);
    const { client, status } = await start(invocation, { catalog, only });
    print.talk(where(status));
    return flags['detach'] === true ? 0 : follow(client, only, invocation);
  },
};
