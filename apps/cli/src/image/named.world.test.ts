import { once } from 'node:events';
import fs from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { KilnError } from '@kiln/base';
import { digestOf } from '@kiln/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTicks } from '../client.ts';
import type { Config } from '../config.ts';
import { namedImage } from './named.ts';

// Nobody listens there.
const config = { home: '/nowhere', port: 1 } as Config;

test('an image of a factory that does not run is not looked for in the network', async () => {
  const digest = digestOf('');
  const notRunning = { code: 'FACTORY_NOT_RUNNING', hint: 'start it with: kiln up' };
  await expect(namedImage(config, 'nginx').resolve()).rejects.toMatchObject(notRunning);
  const read = namedImage(config, `nginx@${digest}`).readManifest(digest);
  await expect(read).rejects.toMatchObject(notRunning);
});

test('one of another registry is', async () => {
  const read = namedImage(config, 'localhost:1/nginx').resolve();
  await expect(read).rejects.toMatchObject({ code: 'REGISTRY_CLIENT_UNAVAILABLE' });
});

test('an archive that is not there is no matter of the factory', async () => {
  const read = namedImage(config, 'nginx.tar').resolve();
  await expect(read).rejects.toMatchObject({
    code: 'IMAGE_NOT_FOUND',
    message: 'there is no file "nginx.tar"',
  });
});

describe('of an image that a registry does not have', () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-named-'));
  const server = createServer((_, response) => response.writeHead(404).end());
  let port = 0;

  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    ({ port } = server.address() as AddressInfo);
    fs.mkdirSync(path.join(home, 'run'));
    const running = { pid: process.pid, startTicks: startTicks(process.pid), port };
    fs.writeFileSync(path.join(home, 'run', 'factory.json'), JSON.stringify(running));
  });

  afterAll(() => {
    server.close();
    fs.rmSync(home, { recursive: true });
  });

  const hintOf = async (text: string): Promise<unknown> => {
    const missing = namedImage({ ...config, home }, text).resolve();
    const error = await missing.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    return (error as KilnError).hint;
  };

  test('the factory’s own says what lists repositories and tags', async () => {
    expect(await hintOf('team/nginx:1')).toBe(
      'kiln image ls --all lists the repositories, kiln image history team/nginx its tags',
    );
  });

  test('neither does one that is named by its digest', async () => {
    expect(await hintOf(`team/nginx@${digestOf('')}`)).toContain('kiln image history team/nginx');
  });

  test('another does not point at what this factory has', async () => {
    expect(await hintOf(`127.0.0.1:${port}/team/nginx:1`)).toBe('check its name and its tag');
  });

  test('what may be an archive is said to be none', async () => {
    expect(await hintOf('nginx.tar')).toBe('there is no file "nginx.tar" either');
  });
});
