import fs from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startTicks } from '../client.ts';
import { parseInvocation } from '../command.ts';
import { readConfig } from '../config.ts';
import { imageCompose } from './image-compose.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-compose-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));
const print = { data: () => undefined, talk: () => undefined };

test.each([
  ['bytes that are no text', Buffer.from('environment: {A: "\xff"}', 'latin1'), 'not UTF-8'],
  ['more than any configuration has', Buffer.alloc(17 * 2 ** 20, 0x20), 'is larger than'],
])('an overlay of %s is refused where it is read', async (_, bytes, words) => {
  const overlay = path.join(folder, 'overlay.yaml');
  fs.writeFileSync(overlay, bytes);
  const config = readConfig({ KILN_HOME: folder });
  const invocation = parseInvocation(
    imageCompose,
    ['nginx', overlay, '--to', 'custom/nginx'],
    config,
    print,
  );
  await expect(imageCompose.run(invocation)).rejects.toThrow(words);
});

test('where the answer breaks off is told, so that the rest can be asked for again', async () => {
  const answer = { repository: 'a', digest: `sha256:${'0'.repeat(64)}`, tags: [] };
  const server = createServer((request, response) => {
    response.writeHead(200, { server: 'Kiln' });
    // All three questions came.
    request.resume().once('end', () => {
      response.write(`${JSON.stringify(answer)}\n`, () => response.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { pid } = process;
  fs.mkdirSync(path.join(folder, 'run'));
  fs.writeFileSync(
    path.join(folder, 'run', 'factory.json'),
    JSON.stringify({ pid, startTicks: startTicks(pid), port }),
  );
  const file = path.join(folder, 'many.jsonl');
  fs.writeFileSync(file, '{"base":"a","repository":"a"}\n'.repeat(3));
  let told = '';
  const invocation = parseInvocation(
    imageCompose,
    ['--from', file],
    readConfig({ KILN_HOME: folder }),
    { ...print, talk: (text) => void (told += text) },
  );
  await expect(imageCompose.run(invocation)).rejects.toMatchObject({ code: 'FACTORY_UNREACHABLE' });
  expect(told).toBe('kiln: 1 answered, 2 sent without an answer\n');
  server.close();
});
