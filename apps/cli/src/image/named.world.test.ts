import { digestOf } from '@kiln/base';
import { expect, test } from 'vitest';
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
