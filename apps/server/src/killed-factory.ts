import fs from 'node:fs';
import { KilnError } from '@kiln/base';
import { stopEmbeddedPostgres } from '@kiln/postgres';
import { hold } from './hold.ts';
import type { Place } from './place.ts';

/**
 * Removes what a killed supervisor leaves outside of the home: a database that nothing told to end, and the folder of the
 * sockets. Does nothing where a factory runs, starts or ends, and where the folder is somebody else's; holds the role of the
 * supervisor until this process ends.
 */
export async function clearKilledFactory(place: Place): Promise<void> {
  const found = fs.lstatSync(place.runtime, { throwIfNoEntry: false });
  if (found?.uid !== (process.getuid?.() ?? 0) || !fs.existsSync(place.home)) return;
  try {
    await hold(place, 'supervisor', 0);
  } catch (error) {
    if (error instanceof KilnError && error.code === 'FACTORY_HELD') return;
    throw error;
  }
  await stopEmbeddedPostgres(place.home);
  fs.rmSync(place.runtime, { recursive: true, force: true });
}
