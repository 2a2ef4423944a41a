import fs from 'node:fs';
import path from 'node:path';
import { KilnError, messageOf } from '@kiln/base';
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

/** The factory of this home, undefined when it does not run. */
export function findRunning(home: string): Running | undefined {
  try {
    const running = JSON.parse(
      fs.readFileSync(path.join(home, 'run', 'factory.json'), 'utf8'),
    ) as Running;
    return startTicks(running.pid) === running.startTicks ? running : undefined;
  } catch {
    // Never started, or being written: it does not run.
    return undefined;
  }
}

/** Calls the API of the running factory. */
export class Client {
  readonly base: string;

  constructor(port: number) {
    this.base = `http://127.0.0.1:${port}`;
  }

  /** The JSON answer. Throws the server's error under its code, or `FACTORY_UNREACHABLE`. */
  async call<T>(method: 'GET' | 'POST', route: string, body?: unknown): Promise<T> {
    const response = await this.#send(method, route, body);
    const text = await response.text();
    if (response.ok) return JSON.parse(text) as T;
    throw errorOf(response.status, text);
  }

  /** The text of an answer, as it comes. */
  async *stream(route: string, signal?: AbortSignal): AsyncIterable<string> {
    const response = await this.#send('GET', route, undefined, signal);
    if (!response.ok || response.body === null)
      throw errorOf(response.status, await response.text());
    const decoder = new TextDecoder();
    for await (const chunk of response.body)
      yield decoder.decode(chunk as Uint8Array, { stream: true });
  }

  /** Sends a body as it comes, and gives the answer as it comes: a long body may be answered before its end. */
  async *exchange(
    route: string,
    contentType: string,
    body: AsyncIterable<Uint8Array>,
  ): AsyncIterable<Uint8Array> {
    const response = await this.#fetch(route, {
      method: 'POST',
      body: ReadableStream.from(body),
      headers: { 'content-type': contentType },
      duplex: 'half',
    });
    if (!response.ok || response.body === null)
      throw errorOf(response.status, await response.text());
    yield* response.body;
  }

  #send(method: string, route: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    return this.#fetch(route, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async #fetch(route: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.base}${route}`, init);
    } catch (error) {
      throw new KilnError(
        'FACTORY_UNREACHABLE',
        `the factory does not answer: ${messageOf(error)}`,
        {
          hint: 'kiln logs server shows what the server says',
          retry: 'later',
          cause: error,
        },
      );
    }
  }
}

function errorOf(status: number, text: string): KilnError {
  try {
    const { error } = JSON.parse(text) as {
      error: { code: string; message: string; hint: string };
    };
    return new KilnError(error.code, error.message, { hint: error.hint });
  } catch {
    return new KilnError('FACTORY_UNREACHABLE', `the factory answered ${status}`, {
      hint: 'kiln logs server shows what the server says',
    });
  }
}

/** A client of the running factory. Throws `FACTORY_NOT_RUNNING`. */
export function connectClient(config: Config): Client {
  const running = findRunning(config.home);
  if (running === undefined) {
    throw new KilnError('FACTORY_NOT_RUNNING', `no factory runs on ${config.home}`, {
      hint: 'start it with: kiln up',
    });
  }
  return new Client(running.port);
}
