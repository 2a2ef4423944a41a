import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { KilnError, collect, messageOf, parseDigest, systemRandom } from '@kiln/base';
import type { Digest, Logger, Random } from '@kiln/base';
import { localSigner } from '@kiln/trust';
import type { PublicKeys, Signer, SigningLedger } from '@kiln/trust';
import { createKeys, openKeys } from './key-files.ts';
import type { KeyDirectories } from './key-files.ts';
import { signerLimits, signerPaths } from './protocol.ts';

export interface RunSignerOptions extends KeyDirectories {
  /** At most 107 bytes; its directory is made with mode 0700. */
  readonly socketPath: string;
  readonly ledger: SigningLedger;
  readonly log: Logger;
  readonly random?: Random;
}

export interface RunningSigner extends AsyncDisposable {
  readonly publicKeys: PublicKeys;
  /** Finishes what is under way and removes the socket. */
  close(): Promise<void>;
}

/**
 * The signer process: makes the keys if there are none, then answers the signer port on a Unix socket (mode 0600) until
 * it is closed. It signs only what the ledger knows. It holds no state, so it may be killed and started again at will.
 * Throws `KEYS_…`, `SIGNER_SOCKET_INVALID`, and `SIGNER_RUNNING` when another signer answers on the socket.
 *
 * What protects the keys: workers run under `confine`. Start the process with `--disable-sigusr1`, so that no signal
 * opens Node's debugger.
 */
export async function runSigner(options: RunSignerOptions): Promise<RunningSigner> {
  const random = options.random ?? systemRandom;
  const publicKeys = await createKeys(options, random);
  const signer = localSigner(await openKeys(options.keysDirectory), options.ledger);
  const server = createServer((request, response) => {
    void answer({ signer, log: options.log, request, response });
  });
  server.headersTimeout = signerLimits.headersMs;
  server.requestTimeout = signerLimits.requestMs;
  server.maxConnections = signerLimits.connectionsMax;
  await listen(server, options.socketPath, random);
  options.log.info('signer started', { apkKey: publicKeys.apkKeyName });
  const close = async (): Promise<void> => {
    await rm(options.socketPath, { force: true });
    server.closeIdleConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { publicKeys, close, [Symbol.asyncDispose]: close };
}

/** Listens under a temporary name and renames, so that a client finds the old socket or the new one, ready. */
async function listen(server: Server, socketPath: string, random: Random): Promise<void> {
  const temporary = `${socketPath}.${random.id(4)}`;
  if (Buffer.byteLength(temporary) > signerLimits.socketPathBytesMax) {
    throw new KilnError('SIGNER_SOCKET_INVALID', `the socket path is too long: ${socketPath}`, {
      hint: 'use a shorter KILN_HOME',
    });
  }
  await mkdir(dirname(socketPath), { recursive: true, mode: 0o700 });
  await chmod(dirname(socketPath), 0o700);
  if (await answers(socketPath)) {
    throw new KilnError('SIGNER_RUNNING', 'another signer answers on this socket', {
      hint: 'stop the running factory first',
    });
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(temporary, resolve);
  });
  await chmod(temporary, 0o600);
  await rename(temporary, socketPath);
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const settle = (alive: boolean) => (): void => {
      socket.destroy();
      resolve(alive);
    };
    socket.once('connect', settle(true)).once('error', settle(false));
  });
}

interface Exchange {
  readonly signer: Signer;
  readonly log: Logger;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function answer({ signer, log, request, response }: Exchange): Promise<void> {
  const path = request.url ?? '';
  try {
    const body = await operate(signer, request);
    response.writeHead(200, { 'content-length': body.length, connection: 'close' });
    response.end(body);
    log.info('signer answered', { path, bytes: body.length });
  } catch (error) {
    const known = error instanceof KilnError && error.retry === 'never' ? error : undefined;
    const code = known?.code ?? 'SIGNER_UNAVAILABLE';
    if (known === undefined)
      log.error('signer could not decide', { path, reason: messageOf(error) });
    else log.warn('signer refused', { path, code });
    const message = known?.message ?? 'the signer could not read its records';
    const body = JSON.stringify({ code, message, hint: known?.hint });
    response.writeHead(known === undefined ? 503 : 422, {
      'content-type': 'application/json',
      connection: 'close',
    });
    response.end(body);
  }
}

async function operate(signer: Signer, request: IncomingMessage): Promise<Uint8Array> {
  const route = `${request.method} ${request.url}`;
  if (route === `GET ${signerPaths.publicKeys}`) {
    return Buffer.from(JSON.stringify(await signer.publicKeys()));
  }
  const body = await readBody(request);
  if (route === `POST ${signerPaths.statements}`) {
    const signatures = await signer.signStatements(digestsOf(body['digests']));
    return Buffer.from(
      JSON.stringify({
        signatures: signatures.map(({ signature, keyHint }) => ({
          signature: Buffer.from(signature).toString('base64'),
          keyHint,
        })),
      }),
    );
  }
  const digest = parseDigest(String(body['digest']));
  if (route === `POST ${signerPaths.control}`) {
    return signer.signControl(digest, secondsOf(body['mtimeSeconds']));
  }
  if (route === `POST ${signerPaths.index}`) return signer.signIndex(digest);
  if (route === `POST ${signerPaths.statement}`) return signer.signStatement(digest);
  throw invalid('no such operation');
}

async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const limit = signerLimits.requestSizeBytesMax;
  const bytes = await collect(request, limit, () => invalid('the request is too large'));
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Not JSON: told below, like JSON of another shape.
  }
  throw invalid('the request is not a JSON object');
}

function digestsOf(value: unknown): readonly Digest[] {
  if (!Array.isArray(value)) throw invalid('digests is not a list');
  return value.map((digest) => parseDigest(String(digest)));
}

function secondsOf(value: unknown): number {
  // The largest time that eleven octal digits of a tar header hold.
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 8 ** 11)
    return value;
  throw invalid('mtimeSeconds is not a time');
}

function invalid(message: string): KilnError {
  return new KilnError('SIGNER_REQUEST_INVALID', message);
}
