import { spawn } from 'node:child_process';
import { shorten } from '@kiln/base';
import { z } from 'zod';
import type { RegistryCredential } from './credential.ts';
import { failure } from './failure.ts';

const helperMs = 30_000;
const answerBytesMax = 64 * 1024;
const answer = z.object({ Username: z.string().default(''), Secret: z.string().default('') });

/** What helpers are run with. */
export interface HelperSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends a helper that is still running. */
  readonly signal?: AbortSignal | undefined;
}

/** A program that keeps docker's credentials: `docker-credential-NAME`, with the verb as its word and the rest on standard input. */
export class CredentialHelper {
  readonly #program: string;

  /** Throws `REGISTRY_CLIENT_CREDENTIALS` for a name that is none. */
  constructor(name: string) {
    this.#program = `docker-credential-${name}`;
    if (!/^[A-Za-z0-9_.-]{1,100}$/.test(name))
      throw failure(
        'REGISTRY_CLIENT_CREDENTIALS',
        `not the name of a credential helper: "${shorten(name)}"`,
        'correct credsStore or credHelpers in docker’s config.json',
      );
  }

  /** What it has for a server; undefined where it has nothing. */
  async get(
    server: string,
    surroundings: HelperSurroundings,
  ): Promise<RegistryCredential | undefined> {
    const { output, code } = await this.#run('get', { input: server, ...surroundings });
    if (code !== 0 && /credentials not found/i.test(output)) return undefined;
    const parsed = code === 0 ? answer.safeParse(jsonOf(output)) : undefined;
    if (parsed?.success !== true) throw this.#failed('gave no credentials');
    const { Username: user, Secret: password } = parsed.data;
    if (user === '<token>') return { kind: 'identity', token: password };
    return user === '' && password === '' ? undefined : { kind: 'password', user, password };
  }

  /** Keeps a password. */
  async store(
    {
      server,
      user,
      password,
    }: { readonly server: string; readonly user: string; readonly password: string },
    surroundings: HelperSurroundings,
  ): Promise<void> {
    const input = JSON.stringify({ ServerURL: server, Username: user, Secret: password });
    const { code } = await this.#run('store', { input, ...surroundings });
    if (code !== 0) throw this.#failed('did not keep the credentials');
  }

  /** Its output may be secret, so no error says it. */
  #failed(what: string, cause?: unknown): Error {
    return failure(
      'REGISTRY_CLIENT_CREDENTIALS',
      `${this.#program} ${what}`,
      'run it by hand, or take it out of docker’s config.json',
      { cause },
    );
  }

  #run(
    verb: 'get' | 'store',
    { input, environment, signal }: HelperSurroundings & { readonly input: string },
  ): Promise<{ readonly output: string; readonly code: number | null }> {
    const child = spawn(this.#program, [verb], {
      env: environment,
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: helperMs,
      signal,
    });
    return new Promise((resolve, reject) => {
      let output = '';
      child.once('error', (error) => reject(this.#failed('could not be run', error)));
      // What could not be started may have no streams.
      if (child.pid === undefined) return;
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        if (output.length < answerBytesMax) output += chunk;
      });
      child.once('close', (code) => resolve({ output, code }));
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller says what is wrong.
    return undefined;
  }
}
