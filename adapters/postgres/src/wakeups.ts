import { messageOf, silentLogger } from '@kiln/base';
import type { Logger } from '@kiln/base';
import { LocalWakeups, systemTimers } from '@kiln/queue';
import type { Timer, Timers, Wakeups } from '@kiln/queue';
import pg from 'pg';
import { clientConfig } from './connect.ts';
import type { ConnectTarget } from './connect.ts';
import { queueChannel } from './queue-writes.ts';

export interface PostgresWakeupsOptions {
  readonly target: ConnectTarget;
  readonly logger?: Logger;
  readonly timers?: Timers;
  /** Between tries to connect again; default 500. */
  readonly reconnectMs?: number;
}

/**
 * Wake-ups by LISTEN on a connection of its own, which is opened again when it breaks; after that everybody is woken,
 * because signals may have been missed.
 */
export class PostgresWakeups implements Wakeups, AsyncDisposable {
  readonly #options: PostgresWakeupsOptions;
  readonly #local = new LocalWakeups();
  readonly #timers: Timers;
  #client: pg.Client | undefined;
  #retry: Timer | undefined;
  #closed = false;

  constructor(options: PostgresWakeupsOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
  }

  subscribe(listener: () => void): () => void {
    return this.#local.subscribe(listener);
  }

  /** Begins to listen. A server that cannot be reached yet is tried again in the background. */
  async start(): Promise<void> {
    if (this.#closed) return;
    const client = new pg.Client(clientConfig(this.#options.target, 'kiln-wakeups'));
    this.#client = client;
    client.on('notification', () => this.#local.wake());
    client.on('error', (error) => this.#again(client, error));
    client.on('end', () => this.#again(client, new Error('connection ended')));
    try {
      await client.connect();
      await client.query(`listen ${queueChannel}`);
      this.#local.wake();
    } catch (error) {
      this.#again(client, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined); // A connection that is broken already has ended.
  }

  #again(client: pg.Client, error: unknown): void {
    if (this.#closed || this.#client !== client) return;
    this.#client = undefined;
    (this.#options.logger ?? silentLogger).debug('wake-up connection lost', {
      error: messageOf(error),
    });
    client.end().catch(() => undefined); // It is broken; ending it only frees the socket.
    this.#retry = this.#timers.after(this.#options.reconnectMs ?? 500, () => this.start());
  }
}
