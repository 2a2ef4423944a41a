import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pullStorm } from '@kiln/oci-registry/pull-storm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { InventedFactory } from './invented-factory.ts';
import { inventedFactory } from './invented-factory.ts';

let consoleFolder: string;
let factory: InventedFactory;
beforeAll(async () => {
  consoleFolder = mkdtempSync(path.join(tmpdir(), 'kiln-storm-console-'));
  factory = await inventedFactory(consoleFolder);
});
afterAll(async () => {
  await factory[Symbol.asyncDispose]();
  rmSync(consoleFolder, { recursive: true, force: true });
});

// The server as it is shipped: PostgreSQL, and blobs as files.
test('400 connections that pull while tags move get all of what they ask for', async () => {
  const storm = await pullStorm({
    base: factory.url,
    repository: 'team/storm',
    connections: 400,
    pulls: 6000,
    layerBytes: 64 * 1024,
    seed: 7,
  });
  expect(storm.failures).toEqual([]);
  expect(storm.connectionsMax).toBeGreaterThanOrEqual(400);
  expect(storm.moves).toBeGreaterThan(0);
}, 300_000);
