import { KilnError } from '@kiln/base';
import { readMembers } from '@kiln/gzip';
import { atFile } from './file-errors.ts';
import { bytesFrom, openRegular } from './package-file.ts';

const nameBytes = 100;
/** A package or an index has no more signatures in front. */
const membersMax = 17;
const outputBytesMax = 64 * 2 ** 20;

/**
 * What a file is, by the first name behind its signatures. Throws, with the file's name, `APK_INVALID` for anything
 * else, what gzip throws, `APK_FILE_NOT_FOUND` and `APK_FILE_FAILED`.
 */
export async function kindOfFile(path: string): Promise<'package' | 'index'> {
  try {
    await using file = await openRegular(path);
    for await (const member of readMembers(bytesFrom(file, 0), {
      limits: { outputBytesMax, membersMax },
    })) {
      const name = await firstName(member.content);
      if (name === '.PKGINFO') return 'package';
      if (name === 'APKINDEX' || name === 'DESCRIPTION') return 'index';
      if (!name.startsWith('.SIGN.')) break;
    }
    throw new KilnError('APK_INVALID', 'neither a package nor an index');
  } catch (error) {
    throw atFile(path, error);
  }
}

/** The name field of a tar's first header (POSIX.1-1988, ustar). */
async function firstName(content: AsyncIterable<Uint8Array>): Promise<string> {
  let seen = Buffer.alloc(0);
  for await (const chunk of content) {
    seen = Buffer.concat([seen, chunk]);
    if (seen.length >= nameBytes) break;
  }
  return seen.subarray(0, nameBytes).toString('latin1').split('\0')[0] ?? '';
}
