import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** For tests: a folder of repositories, made with the host's git; every commit is a second after the one before. */
export class TestRepositories {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'kiln-git-'));
  #seconds = 1_600_000_000;

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  url(name: string): string {
    return `file://${this.path(name)}`;
  }

  init(name: string): void {
    mkdirSync(this.path(name), { recursive: true });
    this.git(name, 'init', '--quiet', '--initial-branch=main');
  }

  /** Writes files and commits them; the name of the commit. */
  commit(name: string, files: Readonly<Record<string, string>>): string {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.path(name), path)), { recursive: true });
      writeFileSync(join(this.path(name), path), text);
    }
    this.git(name, 'add', '--all');
    this.git(name, 'commit', '--quiet', '--message', Object.keys(files).join(' '));
    return this.git(name, 'rev-parse', 'HEAD');
  }

  /** What git prints, without white space around it. */
  git(name: string, ...argv: readonly string[]): string {
    this.#seconds += 1;
    const date = `@${this.#seconds} +0000`;
    return execFileSync('git', argv, {
      cwd: this.path(name),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: this.folder,
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'protocol.file.allow',
        GIT_CONFIG_VALUE_0: 'always',
        GIT_AUTHOR_NAME: 'Ada',
        GIT_AUTHOR_EMAIL: 'ada@example.org',
        GIT_COMMITTER_NAME: 'Ada',
        GIT_COMMITTER_EMAIL: 'ada@example.org',
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_DATE: date,
      },
    }).trim();
  }
}

/** For tests: a server on the loopback interface. */
export class TestServer implements AsyncDisposable {
  readonly url: string;
  readonly requests: string[];
  readonly #close: () => Promise<void>;

  private constructor(url: string, requests: string[], close: () => Promise<void>) {
    this.url = url;
    this.requests = requests;
    this.#close = close;
  }

  static async start(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<TestServer> {
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(request.url ?? '');
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const close = async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    return new TestServer(`http://127.0.0.1:${port}`, requests, close);
  }

  /** Serves the repositories of a folder over git's own protocol. */
  static repositories(folder: string): Promise<TestServer> {
    return TestServer.start((request, response) => serve(folder, request, response));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

/** A call of git-http-backend(1), which speaks CGI. */
function serve(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const backend = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: path,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
    },
  });
  request.pipe(backend.stdin);
  backend.stdin.on('error', () => undefined);
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.on('close', () => {
    const answer = Buffer.concat(chunks);
    const at = answer.indexOf('\r\n\r\n');
    let status = 200;
    for (const line of answer.subarray(0, at).toString('latin1').split('\r\n')) {
      const [name = '', value = ''] = line.split(/: (.*)/s);
      if (name === 'Status') status = Number(value.slice(0, 3));
      else if (name !== '') response.setHeader(name, value);
    }
    response.statusCode = status;
    response.end(answer.subarray(at + 4));
  });
}
