import fs from 'node:fs';
import path from 'node:path';
import { replaceFile } from '@kiln/apk-files';
import {
  collect,
  digestOf,
  hexOf,
  isDigest,
  sealText,
  systemRandom,
  type Digest,
  unsealText,
} from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { EmittedPackage } from '@kiln/build';
import type { SharedActions } from './shared-actions.ts';

const version = 1;
const recordBytesMax = 16 * 1024 * 1024;
const controlBytesMax = 64 * 1024 * 1024;
const tooLong = (): Error => new Error('assertion failed: a control segment of more than 64 MiB');

type CachedPackage = Omit<EmittedPackage, 'control'>;

/** A recipe for an architecture. */
export interface BuiltSubject {
  readonly name: string;
  readonly arch: string;
}

function isInputs(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface CachedAction {
  readonly version: number;
  readonly packages: readonly CachedPackage[];
}

/**
 * Results of builds by their action digest: a small record each, whose segments are in a blob store. The folder may be
 * shared, by processes and by machines: records appear whole, and one that cannot be used is as good as none.
 */
export class ActionCache {
  readonly #folder: string;
  readonly #blobs: BlobStore;
  readonly #shared: SharedActions | undefined;

  /** `shared`: what other machines made counts too, and learns of what this one makes. */
  constructor(folder: string, blobs: BlobStore, shared?: SharedActions) {
    this.#folder = folder;
    this.#blobs = blobs;
    this.#shared = shared;
  }

  /** The packages of an action whose segments are all there; undefined otherwise. */
  async get(action: Digest): Promise<readonly EmittedPackage[] | undefined> {
    const own = await this.#getOwn(action);
    if (own !== undefined) {
      await this.#shared?.offer(action, own, this.#blobs);
      return own;
    }
    const fetched = await this.#shared?.fetch(action, this.#blobs);
    if (fetched !== undefined) await this.put(action, fetched);
    return fetched;
  }

  async #getOwn(action: Digest): Promise<readonly EmittedPackage[] | undefined> {
    const record = this.#read(action);
    if (record === undefined) return undefined;
    const packages: EmittedPackage[] = [];
    for (const one of record.packages) {
      const stored =
        (await this.#blobs.stat(one.controlDigest)) && (await this.#blobs.stat(one.data.digest));
      if (stored === undefined) return undefined;
      const control = await collect(this.#blobs.read(one.controlDigest), controlBytesMax, tooLong);
      if (digestOf(control) !== one.controlDigest) return undefined;
      packages.push({ ...one, control });
    }
    return packages;
  }

  /** The inputs of the last build of a recipe, to explain the next by. */
  lastInputs(subject: BuiltSubject): Readonly<Record<string, unknown>> | undefined {
    const record = parseJson(this.#readText(this.#lastPath(subject)));
    return isInputs(record) ? record : undefined;
  }

  async putInputs(subject: BuiltSubject, inputs: Readonly<Record<string, unknown>>): Promise<void> {
    fs.mkdirSync(this.#folder, { recursive: true });
    const bytes = Buffer.from(JSON.stringify(inputs));
    await replaceFile(this.#lastPath(subject), [bytes], systemRandom);
  }

  async put(action: Digest, packages: readonly EmittedPackage[]): Promise<void> {
    const record: CachedAction = {
      version,
      packages: packages.map(({ control: _control, ...one }) => one),
    };
    fs.mkdirSync(this.#folder, { recursive: true });
    const text = sealText(JSON.stringify(record));
    await replaceFile(this.#path(action), [Buffer.from(text)], systemRandom);
    await this.#shared?.offer(action, packages, this.#blobs);
  }

  #lastPath({ name, arch }: BuiltSubject): string {
    return path.join(this.#folder, `last-${encodeURIComponent(name)}@${arch}.json`);
  }

  /** "" for what is not there. */
  #readText(file: string): string {
    try {
      return fs.statSync(file).size > recordBytesMax ? '' : fs.readFileSync(file, 'utf8');
    } catch {
      // Not there, or not ours to read.
      return '';
    }
  }

  #read(action: Digest): CachedAction | undefined {
    try {
      const record = parseJson(unsealText(this.#readText(this.#path(action)))) as CachedAction;
      const usable =
        record.version === version &&
        record.packages.every(
          ({ controlDigest, data }) => isDigest(controlDigest) && isDigest(data.digest),
        );
      return usable ? record : undefined;
    } catch {
      // Not there, or of another form: the build runs.
      return undefined;
    }
  }

  #path(action: Digest): string {
    return path.join(this.#folder, `${hexOf(action)}.json`);
  }
}

/** Undefined for what is none. */
function parseJson(text = ''): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
