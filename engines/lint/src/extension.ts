import { basename, extname } from 'node:path/posix';

/** The name of a path from its last dot on, of one that begins with a dot, too; "" without a dot. */
export function extension(path: string): string {
  return extname(`x${basename(path)}`);
}
