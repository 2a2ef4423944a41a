import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { KilnError } from '@kiln/base';
import type { UnpackedPackage } from './debian-client.ts';
import { installDebianClient } from './debian-client.ts';
import { installGoClient } from './go-client.ts';
import { locked } from './lock.ts';
import type { ClientName, ClientPins } from './pins.ts';
import { clientPins } from './pins.ts';
import { installPythonClient } from './python-client.ts';

export interface InstallOptions {
  /** Where clients are kept; default `clients` below `KILN_CACHE`, or `.tools/clients` of this repository. */
  readonly directory?: string;
  /** Told when something differs from what was asked for, and before what takes long. */
  readonly say?: (line: string) => void;
}

/** What is known of an installed client; `packages` is empty but for those of Debian. */
export interface ClientStamp {
  readonly name: ClientName;
  readonly asked: string;
  readonly version: string;
  readonly packages: readonly UnpackedPackage[];
  readonly durationMs: number;
}

/**
 * Installs strangers' clients at their pinned versions, where they are not there yet, and returns the paths of their
 * programs. Nothing is installed on the host. Several processes may ask at once: one installs, the others wait.
 * Throws `CLIENT_COMMAND_MISSING`, `CLIENT_COMMAND_FAILED`, `CLIENT_PACKAGE_MISSING` or `CLIENT_PACKAGE_CHANGED`.
 */
export async function installClients<Name extends ClientName>(
  names: readonly Name[],
  options: InstallOptions = {},
): Promise<Readonly<Record<Name, string>>> {
  const directory = resolve(options.directory ?? defaultDirectory());
  const say = options.say ?? ((line) => process.stderr.write(`${line}\n`));
  await mkdir(directory, { recursive: true });
  const paths: Partial<Record<Name, string>> = {};
  for (const name of names) paths[name] = await installClient(name, directory, say);
  return paths as Readonly<Record<Name, string>>;
}

/** What was installed, by the path that `installClients` returned. Throws `CLIENT_NOT_INSTALLED`. */
export async function clientStamp(path: string): Promise<ClientStamp> {
  const stamp = await readStamp(resolve(path, '..', '..'));
  if (stamp !== undefined) return stamp;
  throw new KilnError('CLIENT_NOT_INSTALLED', `no client was installed at ${path}`);
}

function defaultDirectory(): string {
  const cache = process.env['KILN_CACHE'] ?? '';
  return cache === ''
    ? resolve(import.meta.dirname, '../../../.tools/clients')
    : join(cache, 'clients');
}

async function installClient(
  name: ClientName,
  directory: string,
  say: (line: string) => void,
): Promise<string> {
  const pin = clientPins[name];
  const home = homeOf(name, directory);
  const program = join(home, 'bin', name);
  if ((await readStamp(home)) !== undefined) return program;
  await locked(join(directory, `${name}.lock`), async () => {
    if ((await readStamp(home)) !== undefined) return;
    say(`installing ${name} ${pin.version}`);
    const goCache = join(directory, 'go');
    const stamp = await installInto(name, pin, { home, goCache });
    if (await allGoClientsIn(directory)) await rm(goCache, { recursive: true, force: true });
    if (stamp.version !== stamp.asked) {
      say(`${name} ${stamp.asked} is gone; installed ${stamp.version} instead`);
    }
  });
  return program;
}

/** Everything is made beside its place and renamed into it with the stamp: a killed installation is made again. */
async function installInto(
  name: ClientName,
  pin: ClientPins[ClientName],
  { home, goCache }: { readonly home: string; readonly goCache: string },
): Promise<ClientStamp> {
  const started = Date.now();
  const partial = `${home}.partial`;
  await rm(partial, { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
  await mkdir(partial);
  const packages = pin.kind === 'debian' ? await installDebianClient(name, pin, partial) : [];
  if (pin.kind === 'go') await installGoClient(pin, partial, goCache);
  if (pin.kind === 'python') await installPythonClient(name, pin, partial);
  const own = packages.find((each) => each.name === pin.package);
  const stamp: ClientStamp = {
    name,
    asked: pin.version,
    version: own?.version ?? pin.version,
    packages,
    durationMs: Date.now() - started,
  };
  await writeFile(join(partial, 'stamp.json'), `${JSON.stringify(stamp, undefined, 2)}\n`);
  await rename(partial, home);
  return stamp;
}

function homeOf(name: ClientName, directory: string): string {
  return join(directory, `${name}-${clientPins[name].version.replace(/[^A-Za-z0-9.+-]/g, '_')}`);
}

/** Nobody else builds with what they share; a large one begins anew. */
async function allGoClientsIn(directory: string): Promise<boolean> {
  const names = (Object.keys(clientPins) as ClientName[]).filter((name) => {
    const pin = clientPins[name];
    return pin.kind === 'go' && pin.large !== true;
  });
  const stamps = await Promise.all(names.map((name) => readStamp(homeOf(name, directory))));
  return stamps.every((stamp) => stamp !== undefined);
}

async function readStamp(home: string): Promise<ClientStamp | undefined> {
  try {
    return JSON.parse(await readFile(join(home, 'stamp.json'), 'utf8')) as ClientStamp;
  } catch {
    // Absent or unreadable: not installed.
    return undefined;
  }
}
