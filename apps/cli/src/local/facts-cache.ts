import fs from 'node:fs';
import path from 'node:path';
import { digestOf, systemClock, systemRandom, type Digest } from '@kiln/base';
import type { RecipeFacts } from './recipe-facts.ts';

/** What the facts of a recipe were made from. */
export interface CachedFacts {
  /** Size, times and number of the file when it was read; undefined: it was written so lately that they say nothing. */
  readonly stat: string | undefined;
  readonly facts: RecipeFacts;
}

/** By absolute path of the recipe. */
export type FactsByFile = ReadonlyMap<string, CachedFacts>;

const formatVersion = 1;
const bytesMax = 512 * 2 ** 20;
const unusedAfterMs = 30 * 24 * 60 * 60 * 1000;
const dayMs = 24 * 60 * 60 * 1000;

/**
 * The facts of the recipes of one tree in one file: a line with the format's version and the digest of the rest, and the
 * rest as one JSON text, which is what loads fastest. A file that is not whole, is of another version or belongs to other
 * options is as good as none. It is replaced by rename, so several processes may share it: the last one wins, and the
 * others read one or the other. Nothing depends on it being there or being kept.
 */
export class FactsCache {
  readonly #folder: string;
  readonly #file: string;

  /** `identity` is of everything that facts depend on besides recipes and pipelines. */
  constructor(folder: string, identity: Digest) {
    this.#folder = folder;
    this.#file = path.join(folder, `facts-${identity.slice('sha256:'.length)}.json`);
  }

  read(): FactsByFile {
    const text = readIfSmall(this.#file);
    const end = text?.indexOf(10) ?? -1;
    if (text === undefined || end < 0) return new Map();
    const body = text.subarray(end + 1);
    if (text.toString('utf8', 0, end) !== headerOf(body)) return new Map();
    const content = JSON.parse(body.toString('utf8')) as Content;
    this.#keep();
    return new Map(
      content.recipes.map(({ file, stat, digest, pipelines, nodes }) => [
        file,
        {
          stat: stat ?? undefined,
          facts: {
            digest,
            pipelines: pipelines.map((number) => content.pipelines[number] ?? ['', digest]),
            nodes,
          },
        },
      ]),
    );
  }

  /** False when nothing was kept: a full disk is no reason not to go on. */
  write(facts: FactsByFile): boolean {
    const body = Buffer.from(JSON.stringify(contentOf(facts)));
    try {
      fs.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      this.#replace(Buffer.concat([Buffer.from(`${headerOf(body)}\n`), body]));
      this.#sweep();
      return true;
    } catch {
      return false;
    }
  }

  #replace(bytes: Uint8Array): void {
    const temporary = `${this.#file}.${systemRandom.id()}.tmp`;
    try {
      fs.writeFileSync(temporary, bytes, { flag: 'wx', mode: 0o600 });
      fs.renameSync(temporary, this.#file);
    } catch (error) {
      fs.rmSync(temporary, { force: true });
      throw error;
    }
  }

  /** Marks the file as used, once a day. */
  #keep(): void {
    const now = systemClock.now();
    try {
      if (fs.statSync(this.#file).mtimeMs < now - dayMs)
        fs.utimesSync(this.#file, now / 1000, now / 1000);
    } catch {
      // Somebody else's file, or one that was removed just now: it is made again when needed.
    }
  }

  /** Removes what trees left that nobody looked at for a month, and what crashes left. */
  #sweep(): void {
    for (const name of fs.readdirSync(this.#folder)) {
      const file = path.join(this.#folder, name);
      if (!name.startsWith('facts-') || file === this.#file) continue;
      const old = fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
      const limit = name.endsWith('.tmp') ? dayMs : unusedAfterMs;
      if (old < systemClock.now() - limit) fs.rmSync(file, { force: true });
    }
  }
}

/** Pipelines stand in a table, for many recipes use the same. */
interface Content {
  readonly pipelines: readonly (readonly [string, Digest])[];
  readonly recipes: readonly {
    readonly file: string;
    readonly stat: string | null;
    readonly digest: Digest;
    readonly pipelines: readonly number[];
    readonly nodes: RecipeFacts['nodes'];
  }[];
}

function contentOf(facts: FactsByFile): Content {
  const numbers = new Map<string, number>();
  const pipelines: (readonly [string, Digest])[] = [];
  const numberOf = (one: readonly [string, Digest]): number => {
    const key = one.join(' ');
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, pipelines.length);
    return pipelines.push(one) - 1;
  };
  const recipes = [...facts].map(([file, { stat, facts: one }]) => ({
    file,
    stat: stat ?? null,
    digest: one.digest,
    pipelines: one.pipelines.map(numberOf),
    nodes: one.nodes,
  }));
  return { pipelines, recipes };
}

function headerOf(body: Uint8Array): string {
  return `kiln facts ${formatVersion} ${digestOf(body)}`;
}

function readIfSmall(file: string): Buffer | undefined {
  try {
    if (fs.statSync(file).size > bytesMax) return undefined;
    return fs.readFileSync(file);
  } catch {
    // Not there, or not for us to read: as good as none.
    return undefined;
  }
}
