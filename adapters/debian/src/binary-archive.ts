import { createReadStream } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Digest, Random } from '@kiln/base';
import {
  KilnError,
  compareBytes,
  digestFromHex,
  shorten,
  systemClock,
  systemRandom,
} from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { IndexedPackage } from '@kiln/deb822';
import { field, indexedPackage, parseStanzas, readStanzas } from '@kiln/deb822';
import type { DebianArchive, DownloadProgress, OpenDeb } from '@kiln/seed';
import { AptDirectory } from './apt-directory.ts';
import { openDeb } from './deb-reader.ts';
import { aptEnvironment } from './host-environment.ts';
import { hostArchive } from './host-sources.ts';
import { makeTemporary, sweepTemporary } from './temporary.ts';

export interface DebianBinaryArchiveOptions {
  /** Absolute; apt's lists (some 50 MB) live here, and packages while they are fetched or opened. */
  readonly stateDirectory: string;
  readonly blobs: BlobStore;
  /** Debian's word for the machine; default `amd64`. */
  readonly architecture?: string;
  readonly etc?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly random?: Random;
  readonly clock?: Clock;
}

const packagesPerDownload = 32;

/** The binary packages of the host's own release, through the host's apt. See `DebianArchive`. */
export class DebianBinaryArchive implements DebianArchive {
  readonly #options: DebianBinaryArchiveOptions;
  readonly #random: Random;
  readonly #clock: Clock;

  constructor(options: DebianBinaryArchiveOptions) {
    this.#options = options;
    this.#random = options.random ?? systemRandom;
    this.#clock = options.clock ?? systemClock;
  }

  async resolveClosure(
    roots: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly IndexedPackage[]> {
    for (const root of roots) packageName(root);
    await sweepTemporary(this.#options.stateDirectory, this.#clock.now());
    const apt = await this.#apt();
    await apt.update(signal);
    const essential = await this.#essential(apt);
    const wanted = [...roots, ...essential].sort(compareBytes);
    const chosen = chosenPackages(
      await apt.run(['apt-get', '-q', '-s', 'install', '--', ...wanted], { signal }),
    );
    const shown = await apt.run(['apt-cache', 'show', '--', ...chosen], { signal });
    return parseStanzas(shown)
      .map(indexedPackage)
      .sort((a, b) => compareBytes(a.name, b.name));
  }

  async downloadDebs(
    packages: readonly IndexedPackage[],
    onProgress: (progress: DownloadProgress) => void = () => undefined,
    signal?: AbortSignal,
  ): Promise<readonly Digest[]> {
    const digests = packages.map((one) => digestFromHex(one.sha256));
    const total = { packagesTotal: packages.length, bytesTotal: sizeOf(packages) };
    const missing: IndexedPackage[] = [];
    for (const one of packages) {
      const known = await this.#options.blobs.stat(digestFromHex(one.sha256));
      if (known === undefined) missing.push(one);
    }
    for (let at = 0; at < missing.length; at += packagesPerDownload) {
      const left = missing.slice(at);
      const done = {
        packages: packages.length - left.length,
        bytes: total.bytesTotal - sizeOf(left),
      };
      onProgress({ ...total, ...done });
      await this.#download(left.slice(0, packagesPerDownload), signal);
    }
    onProgress({ ...total, packages: packages.length, bytes: total.bytesTotal });
    return digests;
  }

  async open<T>(deb: Digest, use: (deb: OpenDeb) => Promise<T>): Promise<T> {
    const directory = await this.#temporary();
    try {
      return await use(
        await openDeb(this.#options.blobs.read(deb), join(directory, 'package.deb')),
      );
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  async #essential(apt: AptDirectory): Promise<string[]> {
    const names: string[] = [];
    for (const path of await apt.indexFiles('Packages')) {
      for await (const stanza of readStanzas(createReadStream(path, { highWaterMark: 2 ** 20 }))) {
        if (stanza.get('essential') === 'yes') names.push(packageName(field(stanza, 'Package')));
      }
    }
    return names;
  }

  async #download(
    packages: readonly IndexedPackage[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const apt = await this.#apt();
    const directory = await this.#temporary();
    try {
      const wanted = packages.map((one) => `${one.name}=${one.version}`);
      await apt.run(['apt-get', '-q', 'download', '--', ...wanted], { cwd: directory, signal });
      const files = await readdir(directory);
      for (const one of packages) {
        const file = files.find((name) => name.startsWith(`${one.name}_`));
        if (file === undefined) throw notFetched(one);
        const content = createReadStream(join(directory, file));
        await this.#options.blobs.put(content, digestFromHex(one.sha256));
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  async #apt(): Promise<AptDirectory> {
    const { codename, source } = await hostArchive(this.#options.etc ?? '/etc');
    return AptDirectory.open({
      directory: join(this.#options.stateDirectory, `${codename}-binary`),
      source,
      type: 'deb',
      suite: codename,
      environment: aptEnvironment(this.#options.environment ?? process.env),
      architecture: this.#options.architecture ?? 'amd64',
    });
  }

  #temporary(): Promise<string> {
    return makeTemporary(this.#options.stateDirectory, this.#random);
  }
}

/** `Inst gcc (4:12.2.0-3 Debian:12 [amd64])`, one for each package of the simulation, as `gcc=4:12.2.0-3`. */
function chosenPackages(simulation: string): string[] {
  return simulation.split('\n').flatMap((line) => {
    const [, name, version] = /^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) /.exec(line) ?? [];
    return name === undefined || version === undefined ? [] : [`${name}=${version}`];
  });
}

function sizeOf(packages: readonly IndexedPackage[]): number {
  return packages.reduce((sum, one) => sum + one.sizeBytes, 0);
}

function packageName(name: string): string {
  if (/^[a-z0-9][a-z0-9+.-]+$/.test(name)) return name;
  throw new KilnError('DEBIAN_APT_FAILED', `not a package name: "${shorten(name)}"`);
}

function notFetched(one: IndexedPackage): KilnError {
  return new KilnError('DEBIAN_APT_FAILED', `apt did not fetch ${one.name} ${one.version}`, {
    retry: 'later',
  });
}
