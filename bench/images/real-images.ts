import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import path from 'node:path';
import { readIndex } from '@kiln/apk';
import { ExpandedPackages } from '@kiln/apk-cache';
import { MemoryBillCache } from '@kiln/assemble';
import { digestFromHex } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type { BlobPacks, BlobStore } from '@kiln/blobs';
import { PackageSet, SegmentMemo, composeImage } from '@kiln/compose';
import { imageKey } from '@kiln/factory';
import { emptyImageConfig } from '@kiln/image-config';
import type { ImageConfig } from '@kiln/image-config';
import type { ComposedImage } from '@kiln/publish';
import { prepareIndexes, solve } from '@kiln/solve';

export interface RealImagesOptions {
  readonly packs: BlobPacks & BlobStore;
  /** Holds `x86_64/APKINDEX.tar.gz` and the packages. */
  readonly repositoryFolder: string;
  readonly keyFile: string;
  /** Packages of each image. */
  readonly packages: number;
  /** Package sets, each without one package that the others have. */
  readonly sets: number;
  readonly repository: string;
  /** For what is unpacked. */
  readonly folder: string;
}

/** Images of packages of a repository, each with a configuration of its own. */
export interface RealImages {
  readonly method: string;
  /** An endless supply; `after` is where to go on. */
  images(after: number): AsyncIterable<ComposedImage>;
  /** The configuration of an image, and its packages' set. */
  describe(number: number): { readonly set: PackageSet; readonly config: ImageConfig };
}

const builder = { name: 'kiln', version: '0.1.0' };

/** Resolves, installs and describes the packages; what follows reads none of their files. */
export async function realImages(options: RealImagesOptions): Promise<RealImages> {
  const { packs, repositoryFolder, keyFile, repository } = options;
  const keys = new Map([[path.basename(keyFile), readFileSync(keyFile, 'utf8')]]);
  const folder = path.join(repositoryFolder, 'x86_64');
  const index = await readIndex(readFileSync(path.join(folder, 'APKINDEX.tar.gz')), { keys });
  const prepared = prepareIndexes([{ repository: 'r', tag: '', records: index.records }], 'kiln');
  const closure = (world: readonly string[]): string[] => {
    const answer = solve(prepared, world.toSorted());
    return answer.kind === 'solved'
      ? answer.packages.map(({ record }) => `${record.name}-${record.version}.apk`)
      : [];
  };
  const names = [...new Set([...index.records].map(({ name }) => name))].toSorted();
  const files = new Map<Digest, string>();
  const opener = new ExpandedPackages({
    directory: path.join(options.folder, 'expanded'),
    blobs: { read: (digest) => createReadStream(files.get(digest) ?? '') },
    dialect: 'plain',
    durable: false,
  });
  const bills = new MemoryBillCache(64 * 1024 * 1024);
  const sets: PackageSet[] = [];
  for (let skipped = 0; sets.length < options.sets; skipped += 1) {
    const packages = [];
    for (const name of largestWorld(names.toSpliced(skipped, 1), closure, options.packages)) {
      const file = path.join(folder, name);
      const apk = digestFromHex(createHash('sha256').update(readFileSync(file)).digest('hex'));
      files.set(apk, file);
      packages.push({ apk, contents: await opener.open(apk) });
    }
    const input = {
      arch: 'x86_64',
      packages,
      sourceDateEpochSeconds: 1_767_225_600,
      namespace: 'kiln',
    };
    sets.push(await PackageSet.of(input, { blobs: packs, packs, bills }));
  }
  const memo = new SegmentMemo(packs);
  const describe: RealImages['describe'] = (number) => {
    const set = sets[number % sets.length];
    if (set === undefined) throw new Error('no set of packages');
    return { set, config: configOf(number) };
  };
  const compose = (number: number): Promise<ComposedImage> =>
    composeImage(
      { ...describe(number), repository, key: imageKey('permutations'), tags: [], builder },
      memo,
    );
  // The layers of the packages are made with the first image of each set.
  for (const number of sets.keys()) await compose(number);
  return {
    method: `${options.packages} packages of a repository, in ${sets.length} sets, each image with an environment, a user and annotations of its own`,
    describe,
    async *images(after) {
      for (let number = after; ; number += 1) yield compose(number);
    },
  };
}

/** Files of packages, in install order: a world grown by one name after another up to a number of packages. */
function largestWorld(
  names: readonly string[],
  closure: (world: readonly string[]) => string[],
  size: number,
): readonly string[] {
  let world: string[] = [];
  let files: string[] = [];
  for (const name of names) {
    const grown = closure([...world, name]);
    if (grown.length === 0 || grown.length > size) continue;
    world = [...world, name];
    files = grown;
    if (files.length === size) return files;
  }
  throw new Error(`the repository has no ${size} packages that go together`);
}

function configOf(number: number): ImageConfig {
  const { accounts } = emptyImageConfig;
  return {
    ...emptyImageConfig,
    entrypoint: { ...emptyImageConfig.entrypoint, command: '/usr/bin/env' },
    cmd: number % 3 === 0 ? '--null' : '',
    accounts: {
      ...accounts,
      runAs: 'app',
      users: [
        {
          userName: 'app',
          uid: 1000 + (number % 5000),
          gid: undefined,
          shell: '/sbin/nologin',
          homeDir: '',
        },
      ],
    },
    environment: { SERIAL: String(number), MODE: number % 2 === 0 ? 'even' : 'odd' },
    annotations: { 'org.opencontainers.image.title': `image ${number}` },
  };
}
