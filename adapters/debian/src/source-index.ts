import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Random } from '@kiln/base';
import { readStanzas, sourcePackage } from '@kiln/deb822';
import type { SourceFile, SourcePackage } from '@kiln/deb822';

/** A tarball in Debian's source archive. */
export interface IndexedSource {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly suite: string;
  readonly package: string;
  readonly version: string;
  readonly file: string;
}

/** Index files of one suite. */
export interface SuiteIndexes {
  readonly suite: string;
  readonly files: readonly string[];
}

/**
 * The tarballs of some suites, one a line, in a file: `SHA256 SIZE SUITE PACKAGE VERSION FILE`. The first line is
 * empty, so that every digest follows a line break. Nothing is held in memory: a search reads the file (some 10 MB).
 */
export class SourceIndex {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: {
    readonly directory: string;
    readonly clock: Clock;
    readonly random: Random;
  }) {
    this.#path = join(options.directory, 'tarballs');
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** Undefined when there is no index. */
  async ageMs(): Promise<number | undefined> {
    try {
      return this.#clock.now() - (await stat(this.#path)).mtimeMs;
    } catch {
      // Not made yet.
      return undefined;
    }
  }

  /** Replaces the index whole. Throws `DEB822_INVALID`, `DEB822_TOO_LARGE`. */
  async rebuild(suites: readonly SuiteIndexes[]): Promise<void> {
    await mkdir(join(this.#path, '..'), { recursive: true });
    const temporary = `${this.#path}.${this.#random.id()}`;
    const file = await open(temporary, 'wx');
    const seen = new Set<string>();
    try {
      await file.write('\n');
      for (const { suite, files } of suites) {
        for (const path of files) await file.writeFile(linesOf(path, suite, seen));
      }
    } finally {
      await file.close();
    }
    await rename(temporary, this.#path);
  }

  async findDigest(sha256: string): Promise<IndexedSource | undefined> {
    return this.#find(`\n${sha256} `);
  }

  async findFile(name: {
    package: string;
    version: string;
    file: string;
  }): Promise<IndexedSource | undefined> {
    return this.#find(` ${name.package} ${name.version} ${name.file}\n`);
  }

  async #find(text: string): Promise<IndexedSource | undefined> {
    let bytes: Buffer;
    try {
      bytes = await readFile(this.#path);
    } catch {
      // Not made yet.
      return undefined;
    }
    const at = bytes.indexOf(text);
    if (at < 0) return undefined;
    const start = text.startsWith('\n') ? at + 1 : bytes.lastIndexOf('\n', at) + 1;
    return parseLine(bytes.subarray(start, bytes.indexOf('\n', start)).toString('utf8'));
  }
}

async function* linesOf(path: string, suite: string, seen: Set<string>): AsyncGenerator<string> {
  let lines: string[] = [];
  for await (const stanza of readStanzas(createReadStream(path, { highWaterMark: 2 ** 20 }))) {
    const source = sourcePackage(stanza);
    for (const file of source.files.filter(isTarball)) {
      const line = lineOf(file, source, suite);
      // A version that several suites have is listed once, for the first of them.
      const identity = `${file.sha256} ${source.name} ${source.version}`;
      if (seen.has(identity)) continue;
      seen.add(identity);
      lines.push(line);
    }
    if (lines.length < 1000) continue;
    yield lines.join('');
    lines = [];
  }
  yield lines.join('');
}

function isTarball(file: SourceFile): boolean {
  return /\.tar\.[a-z0-9]+$/.test(file.name) && !/\.debian\.tar\.[a-z0-9]+$/.test(file.name);
}

function lineOf(file: SourceFile, source: SourcePackage, suite: string): string {
  return `${file.sha256} ${file.sizeBytes} ${suite} ${source.name} ${source.version} ${file.name}\n`;
}

function parseLine(line: string): IndexedSource | undefined {
  const [sha256, size, suite, name, version, file] = line.split(' ');
  if (sha256 === undefined || size === undefined || suite === undefined) return undefined;
  if (name === undefined || version === undefined || file === undefined) return undefined;
  return { sha256, sizeBytes: Number(size), suite, package: name, version, file };
}
