import fs from 'node:fs';
import path from 'node:path';
import { compareBytes, sortUnique } from '@kiln/base';
import type { PackageSummary } from '@kiln/server/schemas';
import { Client, findRunning } from '../client.ts';
import type { Config } from '../config.ts';
import type { PackagePlaces } from './task.ts';

/** The repositories of the factory that runs here and the keys that sign them; nothing where none runs. */
export async function factoryPlaces(config: Config): Promise<PackagePlaces> {
  const running = findRunning(config.home);
  if (running === undefined) return { repositories: [], keys: [] };
  const client = new Client(running.port);
  const packages = await client.call<PackageSummary[]>('GET', '/api/packages');
  const names = sortUnique(packages.map(({ repository }) => repository));
  return {
    repositories: names.map((name) => `${client.base}/apk/${encodeURIComponent(name)}`),
    keys: ownKeyring(path.join(config.home, 'public')),
  };
}

/** The keys of a factory that sign its packages. */
export function ownKeyring(folder: string): readonly string[] {
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.rsa.pub'))
    .sort(compareBytes)
    .map((name) => path.join(folder, name));
}
