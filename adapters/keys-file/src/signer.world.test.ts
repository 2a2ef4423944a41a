import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, jsonLogger, silentLogger, systemClock } from '@kiln/base';
import { MemoryLedger, bundleOf, openImageKey, signingLimits, verifyBundle } from '@kiln/trust';
import { goodStatements } from '@kiln/trust/testing';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { spawnConfined } from './confined-process.ts';
import { SignerClient } from './signer-client.ts';
import { runSigner } from './signer-server.ts';
import type { RunSignerOptions } from './signer-server.ts';

const root = mkdtempSync(join(tmpdir(), 'kiln-signer-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const control = digestOf('a control segment');
const statement = Buffer.from(JSON.stringify(goodStatements(digestOf('manifest'))[0]));
const ledger = new MemoryLedger();
ledger.recordControl(control);
ledger.recordIndex(digestOf('an index'));
const recorded = ledger.recordStatement(statement);

let count = 0;
let options: RunSignerOptions;
beforeEach(() => {
  options = {
    keysDirectory: join(root, 'keys'),
    publicDirectory: join(root, 'public'),
    socketPath: join(root, `run${(count += 1)}`, 'signer.sock'),
    ledger,
    log: silentLogger,
  };
});

test('the client gets through the socket what the signer makes', async () => {
  await using signer = await runSigner(options);
  const client = new SignerClient(options);
  expect(await client.publicKeys()).toEqual(signer.publicKeys);
  const segment = await client.signControl(control, 1_700_000_000);
  expect(segment.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
  expect(await client.signControl(control, 1_700_000_000)).toEqual(segment);
  expect((await client.signIndex(digestOf('an index'))).length).toBeGreaterThan(500);
  const bundle = await client.signStatement(recorded);
  const key = openImageKey(signer.publicKeys.imageKeyPem);
  expect(verifyBundle(bundle, key).subject[0]?.name).toBe('registry.example/app');
});

test('many statements are signed in one request', async () => {
  await using signer = await runSigner(options);
  const client = new SignerClient(options);
  const signed = await client.signStatements([recorded, recorded]);
  const key = openImageKey(signer.publicKeys.imageKeyPem);
  for (const one of signed) verifyBundle(bundleOf(statement, one), key);
  expect(signed).toHaveLength(2);
  await expect(client.signStatements([recorded, control])).rejects.toMatchObject({
    code: 'SIGNER_NOT_RECORDED',
  });
  const most = Array.from({ length: signingLimits.statementsMax + 1 }, () => recorded);
  expect(await client.signStatements(most.slice(1))).toHaveLength(most.length - 1);
  await expect(client.signStatements(most)).rejects.toMatchObject({
    code: 'SIGNER_REQUEST_INVALID',
  });
});

test('socket and directory are for the owner alone', async () => {
  await using _signer = await runSigner(options);
  expect((statSync(options.socketPath).mode & 0o777).toString(8)).toBe('600');
  expect((statSync(join(options.socketPath, '..')).mode & 0o777).toString(8)).toBe('700');
});

test('what is not recorded is refused with the code of the signer', async () => {
  await using _signer = await runSigner(options);
  const client = new SignerClient(options);
  const refused = { code: 'SIGNER_NOT_RECORDED', retry: 'never' };
  await expect(client.signControl(digestOf('x'), 0)).rejects.toMatchObject(refused);
  await expect(client.signIndex(control)).rejects.toMatchObject(refused);
  await expect(client.signStatement(digestOf('x'))).rejects.toMatchObject(refused);
});

test('a ledger that cannot be read is told as a passing fault, without its words', async () => {
  const broken = new MemoryLedger();
  broken.isRecordedIndex = () => Promise.reject(new Error('password=hunter2'));
  await using _signer = await runSigner({ ...options, ledger: broken });
  const attempt = new SignerClient(options).signIndex(control);
  await expect(attempt).rejects.toMatchObject({ code: 'SIGNER_UNAVAILABLE', retry: 'later' });
  await expect(attempt).rejects.not.toThrow(/hunter2/);
});

test('nothing of a private key is logged', async () => {
  const lines: string[] = [];
  const log = jsonLogger((line) => lines.push(line), systemClock);
  await using _signer = await runSigner({ ...options, log });
  await new SignerClient(options).signStatement(recorded);
  await new SignerClient(options).signIndex(control).catch(() => undefined);
  expect(lines.length).toBe(3);
  expect(lines.join('')).not.toMatch(/PRIVATE|BEGIN/);
});

/** Sends raw bytes and returns status and code. */
async function send(
  method: string,
  path: string,
  body?: string,
): Promise<readonly [number, string]> {
  const sent = request({ socketPath: options.socketPath, method, path, agent: false });
  const answered = once(sent, 'response') as Promise<[import('node:http').IncomingMessage]>;
  sent.on('error', () => undefined);
  sent.end(body);
  const [response] = await answered;
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return [response.statusCode ?? 0, (JSON.parse(text) as { code: string }).code];
}

test('malformed requests are refused one by one, and the signer goes on', async () => {
  await using _signer = await runSigner(options);
  const invalid = [422, 'SIGNER_REQUEST_INVALID'];
  expect(await send('POST', '/v1/sign-control', '{')).toEqual(invalid);
  expect(await send('POST', '/v1/sign-control', '[]')).toEqual([422, 'DIGEST_INVALID']);
  expect(await send('POST', '/v1/sign-control', '{"digest":"sha256:../../keys"}')).toEqual([
    422,
    'DIGEST_INVALID',
  ]);
  for (const digests of ['"a"', '{}', 'null'])
    expect(await send('POST', '/v1/sign-statements', `{"digests":${digests}}`)).toEqual(invalid);
  expect(await send('POST', '/v1/sign-statements', '{"digests":["a"]}')).toEqual([
    422,
    'DIGEST_INVALID',
  ]);
  const times = [-1, 1.5, 8 ** 11, '0', null];
  for (const mtimeSeconds of times) {
    expect(
      await send('POST', '/v1/sign-control', JSON.stringify({ digest: control, mtimeSeconds })),
    ).toEqual(invalid);
  }
  expect(await send('POST', '/v1/export-keys', JSON.stringify({ digest: control }))).toEqual(
    invalid,
  );
  expect(await send('GET', '/v1/sign-index')).toEqual(invalid);
  expect(await send('POST', '/v1/sign-index', ' '.repeat(5000))).toEqual(invalid);
  expect(await new SignerClient(options).signIndex(digestOf('an index'))).toBeDefined();
});

test('a second signer on the same socket is refused, and the first goes on', async () => {
  await using _signer = await runSigner(options);
  await expect(runSigner(options)).rejects.toMatchObject({ code: 'SIGNER_RUNNING' });
  expect(await new SignerClient(options).publicKeys()).toBeDefined();
});

test('a socket path that the system cannot hold is refused with a hint', async () => {
  const socketPath = join(root, 'x'.repeat(120), 'signer.sock');
  await expect(runSigner({ ...options, socketPath })).rejects.toMatchObject({
    code: 'SIGNER_SOCKET_INVALID',
  });
});

test('a client waits for a signer that starts late, and gives up on one that does not', async () => {
  const impatient = new SignerClient({ ...options, patienceMs: 60 });
  await expect(impatient.publicKeys()).rejects.toMatchObject({
    code: 'SIGNER_UNAVAILABLE',
    retry: 'later',
  });
  const patient = new SignerClient(options).publicKeys();
  await using signer = await runSigner(options);
  expect(await patient).toEqual(signer.publicKeys);
});

test('an answer that is not the protocol is told as such', async () => {
  const server = createServer((socket) =>
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]'),
  );
  const socketPath = join(root, 'stranger.sock');
  await once(server.listen(socketPath), 'listening');
  await expect(new SignerClient({ socketPath }).publicKeys()).rejects.toMatchObject({
    code: 'SIGNER_PROTOCOL',
  });
  server.close();
});

const program = `
  import { runSigner } from ${JSON.stringify(import.meta.resolve('./signer-server.ts'))};
  import { MemoryLedger } from ${JSON.stringify(import.meta.resolve('@kiln/trust'))};
  import { silentLogger } from ${JSON.stringify(import.meta.resolve('@kiln/base'))};
  const ledger = new MemoryLedger();
  ledger.recordStatement(Buffer.from(process.argv[5], 'base64'));
  const [keysDirectory, publicDirectory, socketPath] = process.argv.slice(2, 5);
  await runSigner({ keysDirectory, publicDirectory, socketPath, ledger, log: silentLogger });
  process.send('ready');
`;

async function startProcess(): Promise<ChildProcess> {
  const file = join(root, 'signer.mjs');
  writeFileSync(file, program);
  const { keysDirectory, publicDirectory, socketPath } = options;
  const args = [keysDirectory, publicDirectory, socketPath, statement.toString('base64')];
  const child = fork(file, args, { execArgv: ['--disable-sigusr1'], silent: true });
  await once(child, 'message');
  return child;
}

test('a signer that is killed and started again serves the requests that were under way', async () => {
  let child = await startProcess();
  const client = new SignerClient(options);
  const { imageKeyPem } = await client.publicKeys();
  for (let round = 0; round < 5; round += 1) {
    const requests = Array.from({ length: 4 }, () => client.signStatement(recorded));
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    child = await startProcess();
    for (const bundle of await Promise.all(requests)) {
      expect(verifyBundle(bundle, openImageKey(imageKeyPem)).predicateType).toContain('spdx');
    }
  }
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
});

test('no signal opens the debugger of a signer process', async () => {
  const child = await startProcess();
  let talk = '';
  child.stderr?.on('data', (chunk) => (talk += String(chunk)));
  child.kill('SIGUSR1');
  expect(await new SignerClient(options).publicKeys()).toBeDefined();
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
  expect(talk).toBe('');
});

test('a confined worker gets recorded signatures through the socket, and never sees a key', async () => {
  await using _signer = await runSigner(options);
  const script = `
    import { readdirSync } from 'node:fs';
    import { SignerClient } from ${JSON.stringify(import.meta.resolve('./signer-client.ts'))};
    const client = new SignerClient({ socketPath: ${JSON.stringify(options.socketPath)} });
    const bundle = await client.signStatement(${JSON.stringify(recorded)});
    const refused = await client.signIndex(${JSON.stringify(control)}).catch((error) => error.code);
    const keys = readdirSync(${JSON.stringify(options.keysDirectory)});
    console.log(JSON.stringify({ bytes: bundle.length > 500, refused, keys }));
  `;
  const worker = spawnConfined({
    argv: [process.execPath, '--input-type=module', '-e', script],
    confinement: { keysDirectory: options.keysDirectory, home: root },
    environment: { PATH: process.env['PATH'] ?? '' },
    output: 'pipe',
  });
  let output = '';
  worker.child.stdout?.on('data', (chunk) => (output += String(chunk)));
  await once(worker.child, 'close');
  expect(JSON.parse(output)).toEqual({ bytes: true, refused: 'SIGNER_NOT_RECORDED', keys: [] });
});
