import fs from 'node:fs';
import path from 'node:path';
import type { EnvironmentStore } from '@kiln/sandbox-bwrap';
import type { Place } from './place.ts';

/** What caches and downloads are called until they are whole. */
const unfinished = /^tmp-|\.tmp$/;

/** Removes what a killed worker left half-made; only for the one worker of a home, before it works. */
export async function clearLeftovers(place: Place, environments: EnvironmentStore): Promise<void> {
  await environments.sweep(0);
  for (const folder of [
    place.expanded,
    place.unpacked,
    `${place.apt}/binary`,
    `${place.apt}/sources`,
  ]) {
    const names = await fs.promises.readdir(folder).catch(() => []);
    for (const name of names.filter((one) => unfinished.test(one)))
      await fs.promises.rm(path.join(folder, name), { recursive: true, force: true });
  }
}
