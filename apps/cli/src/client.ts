import fs from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { KilnError, messageOf, shorten } from '@kiln/base';
import { serverName } from '@kiln/server/name';
import type { Config } from './config.ts';

/** What a running factory says of itself in `run/factory.json`. */
export interface Running {
  readonly pid: number;
  /** Start time of that process in clock ticks since boot, so that a reused pid is not taken for it. */
  readonly startTicks: string;
  readonly port: number;
  /** The installation that it runs from; see `readInstallation`. */
  readonly installation?: string;
}

/** Field 22 of `/proc/PID/stat`, undefined when there is no such process. */
export function startTicks(pid: number): string | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    // No such process.
    return undefined;
  }
}

/** The factory of this home, undefined when it does not run. Throws what the system says where that cannot be seen. */
export function findRunning(home: string): Running | undefined {
  try {
    const running = JSON.parse(
      fs.readFileSync(path.join(home, 'run', 'factory.json'), 'utf8'),
    ) as Running;
    return startTicks(running.pid) === running.startTicks ? running : undefined;
  } catch (error) {
    // Never started, or being written: it does not run. One of another user's may.
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof SyntaxError || code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** For an answer; the longest take seconds on a busy machine. */
const answerDefaultMs = 60_000;

/** Calls the API of the running factory. */
export class Client {
  readonly base: string;
  readonly #answerMs: number;

  /** Answers are waited for for `answerMs`, a minute where that is absent. */
  constructor(port: number, { answerMs = answerDefaultMs }: { readonly answerMs?: number } = {}) {
    this.base = `http://127.0.0.1:${port}`;
    this.#answerMs = answerMs;
  }

  /**
   * The JSON answer. Throws the server's error under its code, and `FACTORY_UNREACHABLE` where none comes in time, or from what is
   * no factory.
   */
  async call<T>(method: 'GET' | 'POST', route: string, body?: unknown): Promise<T> {
    const signal = AbortSignal.timeout(this.#answerMs);
    const response = await this.#fetch(route, {
      method,
      signal,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const answer = await textOf(response);
    if (!response.ok) throw errorOf(response.status, answer);
    if (response.headers.get('server') !== serverName) throw noFactory(answer);
    return parseAnswer(answer) as T;
  }

  /** The text of an answer, as it comes; its beginning has to come in time. Throws as `call` does. */
  async *stream(route: string): AsyncIterable<string> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), this.#answerMs);
    const response = await this.#fetch(route, { signal: late.signal }).finally(() =>
      clearTimeout(timer),
    );
    if (!response.ok || response.body === null)
      throw errorOf(response.status, await textOf(response));
    if (response.headers.get('server') !== serverName) {
      late.abort();
      throw noFactory('');
    }
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body)
        yield decoder.decode(chunk as Uint8Array, { stream: true });
    } catch (error) {
      throw brokenOff(error);
    }
  }

  /**
   * Sends a body as it comes, and gives the answer as it comes: a long body may be answered before its end, and either side may take
   * its time once the answer began, which has to be in time. Throws what the body throws, the server's error, and
   * `FACTORY_UNREACHABLE` where the answer does not begin or breaks off.
   */
  async *exchange(
    route: string,
    contentType: string,
    body: AsyncIterable<Uint8Array>,
  ): AsyncIterable<Uint8Array> {
    const headers = { 'content-type': contentType };
    const asking = request(`${this.base}${route}`, { method: 'POST', headers });
    const answered = Promise.withResolvers<IncomingMessage>();
    // It is told where the answer is waited for, which may not be reached.
    answered.promise.catch(() => undefined);
    asking.once('response', answered.resolve).on('error', answered.reject);
    // The body may begin later.
    asking.flushHeaders();
    const late = setTimeout(() => answered.reject(tooLate()), this.#answerMs);
    let failure: { readonly error: unknown } | undefined;
    const source = watched(body, (error) => {
      failure = { error };
      answered.reject(error);
      answered.promise.then(
        (answer) => answer.destroy(),
        () => undefined,
      );
    });
    // What befalls it is told by the source or by the answer; a source that still waits is not waited for.
    pipeline(source, asking).catch(() => undefined);
    try {
      const answer = await answered.promise.finally(() => clearTimeout(late));
      if (answer.statusCode !== 200) throw errorOf(answer.statusCode ?? 0, await text(answer));
      if (answer.headers['server'] !== serverName) throw noFactory('');
      yield* answer as AsyncIterable<Uint8Array>;
    } catch (error) {
      if (failure !== undefined) throw failure.error;
      throw error instanceof KilnError ? error : brokenOff(error);
    } finally {
      asking.destroy();
    }
    if (failure !== undefined) throw failure.error;
  }

  async #fetch(route: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.base}${route}`, init);
    } catch (error) {
      if (init.signal?.aborted === true) throw tooLate(error);
      throw unreachable('the factory does not answer', error);
    }
  }
}

/** A stream, which tells what befell it. */
async function* watched(
  source: AsyncIterable<Uint8Array>,
  onFailure: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    onFailure(error);
    throw error;
  }
}

async function textOf(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') throw tooLate(error);
    throw brokenOff(error);
  }
}

function brokenOff(error: unknown): KilnError {
  return unreachable('the answer broke off', error);
}

function unreachable(what: string, error: unknown): KilnError {
  return new KilnError('FACTORY_UNREACHABLE', `${what}: ${messageOf(error)}`, {
    hint: 'kiln logs server shows what the server says, kiln logs supervisor what does not start, and why',
    retry: 'later',
    cause: error,
  });
}

function tooLate(cause?: unknown): KilnError {
  return new KilnError('FACTORY_UNREACHABLE', 'the factory does not answer in time', {
    hint: 'kiln logs server shows what the server does; kiln down, then kiln up start it anew',
    retry: 'later',
    cause,
  });
}

/** The JSON of an answer. Throws `FACTORY_UNREACHABLE` for what no factory says. */
export function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw noFactory(text);
  }
}

function noFactory(text: string): KilnError {
  return new KilnError(
    'FACTORY_UNREACHABLE',
    `what answers is no factory of this Kiln${text === '' ? '' : `: it says "${shorten(text)}"`}`,
    { hint: 'kiln logs server shows whether the server runs' },
  );
}

function errorOf(status: number, answer: string): KilnError {
  try {
    const { error } = JSON.parse(answer) as { readonly error: Readonly<Record<string, unknown>> };
    const { code, message, hint } = error;
    if (typeof code === 'string' && typeof message === 'string')
      return new KilnError(code, message, {
        hint: typeof hint === 'string' ? hint : '',
        retry: status === 503 ? 'later' : 'never',
      });
  } catch {
    // Not the words of a factory: of those the status is all there is to tell.
  }
  return new KilnError('FACTORY_UNREACHABLE', `the factory answered ${status}`, {
    hint: 'kiln logs server shows what the server says',
  });
}

/** A client of the running factory. Throws `FACTORY_NOT_RUNNING`. */
export function connectClient(config: Config): Client {
  const running = findRunning(config.home);
  if (running === undefined) throw notRunning(config);
  return new Client(running.port);
}

export function notRunning({ home }: Config): KilnError {
  return new KilnError('FACTORY_NOT_RUNNING', `no factory runs on ${home}`, {
    hint: 'start it with: kiln up',
  });
}
