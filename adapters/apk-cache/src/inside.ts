import { KilnError } from '@kiln/base';
import { TreeCheck } from '@kiln/tar';
import type { PlacedEntry } from '@kiln/tar';

/** Throws `TAR_UNSAFE_PATH` for a package with a link that leads out of it, or a path through a link. */
export function requireInside(members: Iterable<Pick<PlacedEntry, 'entry'>>): void {
  const check = new TreeCheck({ links: 'inside' });
  for (const { entry } of members) check.add(entry);
}

/** Whether `requireInside` throws nothing. */
export function isInside(members: Iterable<Pick<PlacedEntry, 'entry'>>): boolean {
  try {
    requireInside(members);
    return true;
  } catch (error) {
    if (error instanceof KilnError) return false;
    throw error;
  }
}
