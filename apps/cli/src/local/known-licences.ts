import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** The text of a licence in SPDX's list, undefined for what is not in it, such as a licence with an exception. */
export function knownLicence(id: string): string | undefined {
  if (!/^[A-Za-z0-9.+-]+$/.test(id)) return undefined;
  const list = createRequire(import.meta.url).resolve('spdx-license-list/package.json');
  const file = path.join(path.dirname(list), 'licenses', `${id}.json`);
  if (!fs.existsSync(file)) return undefined;
  const { licenseText } = JSON.parse(fs.readFileSync(file, 'utf8')) as { licenseText: string };
  return licenseText;
}
