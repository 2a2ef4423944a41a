/** Keeps what was used last, up to a number of bytes. What is larger than an eighth of that is not kept. */
export class ByteCache<Key, Value> {
  readonly #limitBytes: number;
  readonly #held = new Map<Key, { readonly value: Value; readonly sizeBytes: number }>();
  #heldBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get(key: Key): Value | undefined {
    const found = this.#held.get(key);
    if (found === undefined) return undefined;
    // A map keeps the order of insertion: the first is the one not used for longest.
    this.#held.delete(key);
    this.#held.set(key, found);
    return found.value;
  }

  set(key: Key, value: Value, sizeBytes: number): void {
    this.delete(key);
    if (sizeBytes > this.#limitBytes / 8) return;
    this.#held.set(key, { value, sizeBytes });
    this.#heldBytes += sizeBytes;
    for (const oldest of this.#held.keys()) {
      if (this.#heldBytes <= this.#limitBytes) return;
      this.delete(oldest);
    }
  }

  delete(key: Key): void {
    const found = this.#held.get(key);
    if (found === undefined) return;
    this.#held.delete(key);
    this.#heldBytes -= found.sizeBytes;
  }
}
