import fs from 'node:fs';
import path from 'node:path';
import type { Digest } from '@kiln/base';
import { digestFromHex } from '@kiln/base';
import type { OtherNames } from '@kiln/retention';
import { FsDigestIndex } from '@kiln/sources';
import type { Place } from './place.ts';

/** What names blobs in files of a home: what steps of builds got from the network, and which blob has which SHA-512. */
export function otherNames(place: Place): OtherNames {
  const index = new FsDigestIndex({ directory: path.join(place.home, 'digests') });
  return {
    bySha512: (hex) => index.get(hex),
    texts: (request) => networkRecords(place.network, request),
  };
}

async function* networkRecords(
  folder: string,
  {
    wanted,
    writtenBefore,
    dryRun,
  }: {
    readonly wanted: (action: Digest) => boolean;
    readonly writtenBefore: number;
    readonly dryRun: boolean;
  },
): AsyncIterable<string> {
  const names = await fs.promises.readdir(folder).catch(unlessAbsent([]));
  for (const name of names) {
    const hex = /^([0-9a-f]{64})\.json$/.exec(name)?.[1];
    if (hex === undefined) continue;
    const file = path.join(folder, name);
    const found = await fs.promises.stat(file).catch(unlessAbsent(undefined));
    if (found === undefined) continue;
    if (!wanted(digestFromHex(hex)) && found.mtimeMs < writtenBefore) {
      if (!dryRun) await fs.promises.rm(file, { force: true });
    } else {
      yield await fs.promises.readFile(file, 'utf8').catch(unlessAbsent(''));
    }
  }
}

/** What stands for a file that is not there. */
function unlessAbsent<T>(value: T): (error: unknown) => T {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return value;
    throw error;
  };
}
