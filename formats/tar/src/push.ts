import type { TarEntry } from './entry.ts';
import { truncated } from './errors.ts';
import { paddedSize } from './fields.ts';
import { askForEntry, newContext } from './read.ts';
import type { Asking, ReadTarOptions } from './read.ts';
import { TreeCheck } from './tree-check.ts';

/** Gets the members of an archive as they come. */
export interface TarSink {
  /** A member begins, whose content is at this offset of the archive. */
  entry(entry: TarEntry, offset: number): void;
  /** More of the content of the member that began last; not called for none. */
  content(bytes: Uint8Array): void;
}

/**
 * Reads an archive that is given in chunks, without waiting: tells what `readTar` gives and throws what it throws. A chunk is not needed any
 * more when it was taken.
 */
export class TarPush {
  readonly #sink: TarSink;
  readonly #tree: TreeCheck;
  readonly #context: ReturnType<typeof newContext>;
  #asking: Asking<TarEntry | undefined>;
  #wanted: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #contentLeft = 0;
  #paddingLeft = 0;
  #isKnown = false;
  #ended = false;

  constructor(sink: TarSink, options: ReadTarOptions = {}) {
    this.#sink = sink;
    this.#tree = new TreeCheck(options);
    this.#context = newContext(options);
    this.#asking = askForEntry(this.#context);
    this.#wanted = this.#next(this.#asking.next());
  }

  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) at += this.#take(chunk.subarray(at));
  }

  /** After the last chunk. */
  end(): void {
    if (this.#contentLeft + this.#paddingLeft > 0) throw truncated();
    while (!this.#ended) this.#answer();
  }

  /** Returns how many bytes were taken, one at least. */
  #take(chunk: Uint8Array): number {
    if (this.#contentLeft > 0) {
      const some = chunk.subarray(0, this.#contentLeft);
      this.#contentLeft -= some.length;
      if (this.#isKnown) this.#sink.content(some);
      return some.length;
    }
    if (this.#paddingLeft > 0) {
      const count = Math.min(this.#paddingLeft, chunk.length);
      this.#paddingLeft -= count;
      return count;
    }
    // Copied, since records keep parts of it.
    const some = Buffer.from(chunk.subarray(0, this.#wanted - this.#pendingBytes));
    this.#pending.push(some);
    this.#pendingBytes += some.length;
    if (this.#pendingBytes === this.#wanted) this.#answer();
    return some.length;
  }

  #answer(): void {
    const [only = Buffer.alloc(0)] = this.#pending;
    const bytes = this.#pending.length > 1 ? Buffer.concat(this.#pending) : only;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#wanted = this.#next(this.#asking.next(bytes));
  }

  /** How many bytes are wanted then. */
  #next(step: IteratorResult<number, TarEntry | undefined>): number {
    if (step.done !== true) return step.value;
    const entry = step.value;
    this.#ended = entry === undefined;
    if (entry === undefined) return Infinity;
    const padded = paddedSize(entry.sizeBytes);
    this.#contentLeft = entry.sizeBytes;
    this.#paddingLeft = padded - entry.sizeBytes;
    this.#isKnown = entry.path !== '';
    if (this.#isKnown) {
      this.#tree.add(entry);
      this.#sink.entry(entry, this.#context.position - padded);
    }
    this.#asking = askForEntry(this.#context);
    return this.#next(this.#asking.next());
  }
}
