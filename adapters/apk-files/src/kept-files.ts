import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { KeptContent, KeepContent } from '@kiln/build';
import { concatBytes } from '@kiln/base';

/** Files up to this size stay in memory: most of a package's are smaller. */
const memoryBytesMax = 64 * 1024;

/** The contents of a package's files while somebody looks at them: small ones in memory, others in a folder that goes in the end. */
export class KeptFiles implements AsyncDisposable {
  readonly #folder: string;
  #count = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder, for nobody else to read. */
  static async open(parent: string = tmpdir()): Promise<KeptFiles> {
    return new KeptFiles(await mkdtemp(path.join(parent, 'kiln-files-')));
  }

  /** Takes one content. */
  readonly keep: KeepContent = async (content) => {
    const iterator = content[Symbol.asyncIterator]();
    const first: Uint8Array[] = [];
    for (let size = 0; size <= memoryBytesMax;) {
      const step = await iterator.next();
      if (step.done === true) return inMemory(concatBytes(first));
      // Whoever reads may use its buffers again.
      first.push(Uint8Array.from(step.value));
      size += step.value.length;
    }
    return this.#onDisk(first, { [Symbol.asyncIterator]: () => iterator });
  };

  async #onDisk(
    first: readonly Uint8Array[],
    rest: AsyncIterable<Uint8Array>,
  ): Promise<KeptContent> {
    const file = path.join(this.#folder, String(this.#count++));
    await using handle = await open(file, 'wx', 0o600);
    for (const chunk of first) await handle.writeFile(chunk);
    for await (const chunk of rest) await handle.writeFile(chunk);
    return {
      open: () => createReadStream(file),
      range: async (start, end) => {
        await using reader = await open(file, 'r');
        const bytes = Buffer.alloc(end - start);
        const { bytesRead } = await reader.read(bytes, 0, bytes.length, start);
        return bytes.subarray(0, bytesRead);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function inMemory(bytes: Uint8Array): KeptContent {
  return {
    open: async function* () {
      yield bytes;
    },
    range: async (start, end) => bytes.subarray(start, end),
  };
}
