import { KilnError, messageOf, silentLogger } from '@kiln/base';
import type { Logger } from '@kiln/base';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { databaseName, databaseUser } from './data-directory.ts';
import type { Database } from './database.ts';
import { socketPort } from './socket-directory.ts';

/** The embedded server's socket, or the URL of any PostgreSQL (16 or later). */
export type ConnectTarget = { readonly socketDirectory: string } | { readonly url: string };

export interface ConnectOptions {
  /** Connections at once; default 10. */
  readonly connectionsMax?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string;
  readonly logger?: Logger;
}

/** A 64-bit integer as a number. Throws `POSTGRES_NUMBER_TOO_LARGE` past 2^53. */
function parseInt8(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new KilnError('POSTGRES_NUMBER_TOO_LARGE', `${text} does not fit a number exactly`);
}

const int8Oid = 20;

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === int8Oid && format !== 'binary'
      ? parseInt8
      : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

/** How node-postgres reaches the target; `bigint` columns come as numbers. */
export function clientConfig(target: ConnectTarget, applicationName = 'kiln'): pg.ClientConfig {
  const where =
    'url' in target
      ? { connectionString: target.url }
      : {
          host: target.socketDirectory,
          port: socketPort,
          user: databaseUser,
          database: databaseName,
        };
  return {
    ...where,
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    types,
  };
}

/**
 * A pool of connections with typed queries; nothing is connected before the first query. Close it with
 * `destroy()`. Connections that break while idle are replaced.
 */
export function connect(target: ConnectTarget, options: ConnectOptions = {}): Kysely<Database> {
  const logger = options.logger ?? silentLogger;
  const pool = new pg.Pool({
    ...clientConfig(target, options.applicationName),
    max: options.connectionsMax ?? 10,
    allowExitOnIdle: true,
  });
  // Without listeners a connection that breaks, idle or between two queries of a transaction, would end the process;
  // queries in progress fail by themselves.
  const lost = (error: Error): void =>
    logger.warn('database connection lost', { error: messageOf(error) });
  pool.on('error', lost);
  pool.on('connect', (client) => client.on('error', lost));
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

/**
 * True for errors that say nothing about the query: the server is away, starting, stopping or recovering, or it lacks
 * room, memory or connections (SQLSTATE classes 08, 57P0x and 53).
 */
export function isConnectionLost(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (/^(08|53|57P0)/.test(String(code))) return true;
  if (['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(String(code))) return true;
  // A socket that is not there; of a file it would say nothing about the database.
  if (code === 'ENOENT') return syscall === 'connect';
  return /connection terminated|connection error|timeout exceeded when trying to connect/i.test(
    messageOf(error),
  );
}
