import fs from 'node:fs';

/** The version of Kiln, from the clone's manifest. */
export function kilnVersion(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { readonly version: string }).version;
}
