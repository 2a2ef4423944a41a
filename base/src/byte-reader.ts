/** Pulls exact numbers of bytes out of a stream whose chunks fall anywhere. One owner, one position. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(source: AsyncIterable<Uint8Array> | Uint8Array) {
    this.#chunks = (source instanceof Uint8Array ? once(source) : source)[Symbol.asyncIterator]();
  }

  /** Bytes handed out so far, less those given back. */
  get position(): number {
    return this.#position;
  }

  /** The next bytes, at least one and at most `limit`; undefined at the end. No copy is made. */
  async next(limit: number = Number.MAX_SAFE_INTEGER): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      const step = await this.#chunks.next();
      if (step.done === true) return undefined;
      this.#rest = step.value;
    }
    const bytes = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(bytes.length);
    this.#position += bytes.length;
    return bytes;
  }

  /** Gives back the tail of what `next` returned last, so that it is read again. */
  giveBack(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([bytes, this.#rest]);
    this.#position -= bytes.length;
  }

  /** Exactly `count` bytes, or as many as there are before the end. */
  async take(count: number): Promise<Uint8Array> {
    const first = await this.next(count);
    if (first === undefined || first.length === count) return first ?? new Uint8Array(0);
    const parts = [first];
    let missing = count - first.length;
    while (missing > 0) {
      const part = await this.next(missing);
      if (part === undefined) break;
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** Stops the source early, so that files and connections behind it are closed. */
  async close(): Promise<void> {
    this.#rest = new Uint8Array(0);
    await this.#chunks.return?.();
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
