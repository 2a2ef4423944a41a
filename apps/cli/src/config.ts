import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import os from 'node:os';
import path from 'node:path';
import { KilnError, shorten } from '@kiln/base';
import type { RetentionPolicy } from '@kiln/retention/policy';
import { parseRetentionPolicy } from '@kiln/retention/policy';
import { folderPlace } from './folder-place.ts';

/** Where everything is; every path is absolute. */
export interface Config {
  /** The clone. */
  readonly root: string;
  /** All state of this factory (`KILN_HOME`). */
  readonly home: string;
  /** 0: any free port (`KILN_PORT`). */
  readonly port: number;
  /** A person's own catalog beside Kiln OS (`KILN_CATALOG`), undefined without one. */
  readonly catalog: string | undefined;
  /** The catalog of Kiln OS (`KILN_OS_CATALOG`; the clone's `catalog/`). */
  readonly osCatalog: string;
  /** Milliseconds between two looks at everything (`KILN_RESYNC_MS`). */
  readonly resyncMs: number;
  /** How long what nothing keeps stays (`KILN_RETENTION`). */
  readonly retention: RetentionPolicy;
  /** Hosts of this machine and its networks that builds may reach, separated by commas (`KILN_NETWORK_ALLOW`). */
  readonly networkAllow: readonly string[];
  /** What names proxies by which this machine reaches others (`HTTPS_PROXY` and the like); as it is, passwords with it. */
  readonly proxyVariables: Readonly<Record<string, string>>;
  /** Sockets: a short private folder, because a socket path holds at most 107 bytes. */
  readonly runtime: string;
}

export const defaultPort = 7420;

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) {
    throw new KilnError('CONFIG_PORT', `not a port: "${shorten(text)}"`, {
      hint: 'KILN_PORT is a number from 0 (any free port) to 65535',
    });
  }
  return port;
}

const resyncDefaultMs = 10 * 60 * 1000;
const resyncMinMs = 1_000;
/** What a timer of Node can wait. */
const resyncMaxMs = 2 ** 31 - 1;

function parseResync(text: string): number {
  const ms = Number(text);
  if (!/^\d+$/.test(text) || ms < resyncMinMs || ms > resyncMaxMs) {
    throw new KilnError('CONFIG_RESYNC', `not a time between resyncs: "${shorten(text)}"`, {
      hint: `KILN_RESYNC_MS is a number of milliseconds, at least ${resyncMinMs}`,
    });
  }
  return ms;
}

/** The environment of this process as a typed configuration. Throws `CONFIG_PORT`, `CONFIG_RESYNC`, `RETENTION_POLICY`, and as `folderPlace`. */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const root = path.resolve(fileURLToPath(new URL('../../..', import.meta.url)));
  const home = folderPlace(environment['KILN_HOME'] || path.join(root, '.kiln'));
  const name = createHash('sha256').update(home).digest('hex').slice(0, 12);
  return {
    root,
    home,
    port: parsePort(environment['KILN_PORT'] || String(defaultPort)),
    catalog: environment['KILN_CATALOG'] ? path.resolve(environment['KILN_CATALOG']) : undefined,
    osCatalog: path.resolve(environment['KILN_OS_CATALOG'] || path.join(root, 'catalog')),
    retention: parseRetentionPolicy(environment['KILN_RETENTION'] ?? ''),
    resyncMs: parseResync(environment['KILN_RESYNC_MS'] || String(resyncDefaultMs)),
    networkAllow: (environment['KILN_NETWORK_ALLOW'] ?? '').split(',').filter(Boolean),
    proxyVariables: Object.fromEntries(
      Object.entries(environment).filter(
        (pair): pair is [string, string] =>
          pair[1] !== undefined && /^(?:https?|all|no)_proxy$/i.test(pair[0]),
      ),
    ),
    // A worker is root in a namespace of its own; its supervisor tells it whose factory it is.
    runtime: path.join(
      os.tmpdir(),
      `kiln-${environment['KILN_UID'] ?? process.getuid?.() ?? 0}-${name}`,
    ),
  };
}
