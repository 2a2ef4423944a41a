import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError, collect } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { PublicKeys, Signer, StatementSignature } from '@kiln/trust';
import { signerLimits, signerPaths } from './protocol.ts';
import type { SignerRefusal } from './protocol.ts';

export interface SignerClientOptions {
  readonly socketPath: string;
  /** How long to wait for a signer that is absent or restarting; default 15 s. */
  readonly patienceMs?: number;
  /** How long one request may take; default 30 s. */
  readonly requestMs?: number;
}

interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

/**
 * The signer port over the signer process's socket. A signer that is absent, restarting or dies mid-request is tried again
 * for `patienceMs`; then `SIGNER_UNAVAILABLE` (retry later). A refusal arrives with the signer's own code, such as
 * `SIGNER_NOT_RECORDED`; an answer that is not one throws `SIGNER_PROTOCOL`.
 */
export class SignerClient implements Signer {
  readonly #socketPath: string;
  readonly #patienceMs: number;
  readonly #requestMs: number;

  constructor(options: SignerClientOptions) {
    this.#socketPath = options.socketPath;
    this.#patienceMs = options.patienceMs ?? 15_000;
    this.#requestMs = options.requestMs ?? 30_000;
  }

  signControl(controlSha256: Digest, mtimeSeconds: number): Promise<Uint8Array> {
    return this.#call(signerPaths.control, { digest: controlSha256, mtimeSeconds });
  }

  signIndex(indexSha256: Digest): Promise<Uint8Array> {
    return this.#call(signerPaths.index, { digest: indexSha256 });
  }

  signStatement(statement: Digest): Promise<Uint8Array> {
    return this.#call(signerPaths.statement, { digest: statement });
  }

  async signStatements(statements: readonly Digest[]): Promise<readonly StatementSignature[]> {
    const answer = parseJson(await this.#call(signerPaths.statements, { digests: statements }));
    const { signatures } = answer as { signatures?: unknown };
    if (!Array.isArray(signatures) || signatures.length !== statements.length)
      throw protocolError();
    return signatures.map(signatureOf);
  }

  async publicKeys(): Promise<PublicKeys> {
    const value = parseJson(await this.#call(signerPaths.publicKeys)) as Partial<PublicKeys>;
    const { apkKeyName, apkKeyPem, imageKeyPem } = value;
    if (apkKeyName === undefined || apkKeyPem === undefined || imageKeyPem === undefined)
      throw protocolError();
    return { apkKeyName, apkKeyPem, imageKeyPem };
  }

  async #call(path: string, body?: Readonly<Record<string, unknown>>): Promise<Uint8Array> {
    const { status, body: bytes } = await this.#patiently(path, body);
    if (status === 200) return bytes;
    const refusal = parseJson(bytes) as Partial<SignerRefusal>;
    if (typeof refusal.code !== 'string' || typeof refusal.message !== 'string')
      throw protocolError();
    throw new KilnError(refusal.code, refusal.message, {
      hint: refusal.hint,
      retry: status === 503 ? 'later' : 'never',
    });
  }

  async #patiently(path: string, body?: Readonly<Record<string, unknown>>): Promise<Answer> {
    const deadline = performance.now() + this.#patienceMs;
    for (let delayMs = 20; ; delayMs = Math.min(delayMs * 2, 500)) {
      try {
        return await this.#once(path, body);
      } catch (error) {
        if (error instanceof KilnError) throw error;
        if (performance.now() + delayMs > deadline) throw unavailable(error);
      }
      await sleep(delayMs);
    }
  }

  #once(path: string, body?: Readonly<Record<string, unknown>>): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const signal = AbortSignal.timeout(this.#requestMs);
    const request = httpRequest({
      socketPath: this.#socketPath,
      path,
      method: body === undefined ? 'GET' : 'POST',
      agent: false,
      signal,
    });
    request.once('error', reject);
    request.once('response', (response) => {
      const tooLong = (): KilnError => protocolError();
      collect(response, signerLimits.answerSizeBytesMax, tooLong).then(
        (bytes) => resolve({ status: response.statusCode ?? 0, body: bytes }),
        reject,
      );
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  }
}

function signatureOf(value: unknown): StatementSignature {
  const { signature, keyHint } = (value ?? {}) as Record<string, unknown>;
  if (typeof signature !== 'string' || typeof keyHint !== 'string') throw protocolError();
  return { signature: Buffer.from(signature, 'base64'), keyHint };
}

function parseJson(bytes: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below.
  }
  throw protocolError();
}

function protocolError(): KilnError {
  return new KilnError('SIGNER_PROTOCOL', 'the signer answered something that is not an answer');
}

function unavailable(cause: unknown): KilnError {
  return new KilnError('SIGNER_UNAVAILABLE', 'the signer does not answer', {
    hint: 'the factory restarts it by itself; see kiln logs',
    retry: 'later',
    cause,
  });
}
