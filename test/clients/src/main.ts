import { clientStamp, installClients } from './install.ts';
import type { ClientName } from './pins.ts';
import { clientPins } from './pins.ts';

// Run as a program: installs the named clients, or all that usual tests have, and prints where they are.
const known = Object.keys(clientPins) as ClientName[];
const asked = process.argv.slice(2);
const names = known.filter((name) =>
  asked.length === 0 ? !('large' in clientPins[name]) : asked.includes(name),
);
for (const [name, path] of Object.entries(await installClients(names))) {
  const { version, durationMs } = await clientStamp(path);
  process.stdout.write(`${name}\t${version}\t${durationMs} ms\t${path}\n`);
}
