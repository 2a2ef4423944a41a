import fs from 'node:fs';
import path from 'node:path';
import type { ComparedImage, NamedImage } from '@kiln/inspect';
import { askedOf, readImageContents } from '@kiln/inspect';
import type { Config } from '../config.ts';
import { ownArchitecture } from './own-architecture.ts';

/**
 * An image for this machine, read through, and what it was made for, as provenance that this factory signed says where there is any.
 * Throws what `readImageContents` and `askedOf` do.
 */
export async function readExplained(
  config: Pick<Config, 'home'>,
  source: NamedImage,
): Promise<ComparedImage> {
  const contents = await readImageContents(source, ownArchitecture);
  const key = path.join(config.home, 'public', 'image.pub');
  const imageKeyPem = fs.existsSync(key) ? fs.readFileSync(key, 'utf8') : undefined;
  return { ...contents, asked: await askedOf({ source, contents, imageKeyPem }) };
}
