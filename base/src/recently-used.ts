export interface RecentlyUsedLimits {
  /** Sizes of what is kept, together. */
  readonly bytesMax: number;
  /** Default: any number. */
  readonly entriesMax?: number;
  /** What is larger is not kept; default: `bytesMax`. */
  readonly entryBytesMax?: number;
}

/** Keeps what was used last, within limits. What a size counts is the caller's affair. */
export class RecentlyUsed<Key, Value> {
  readonly #limits: Required<RecentlyUsedLimits>;
  /** A map keeps the order of insertion: the first is the one not used for longest. */
  readonly #held = new Map<Key, { readonly value: Value; readonly sizeBytes: number }>();
  #sizeBytes = 0;

  constructor({ bytesMax, entriesMax = Infinity, entryBytesMax = bytesMax }: RecentlyUsedLimits) {
    this.#limits = { bytesMax, entriesMax, entryBytesMax };
  }

  get entries(): number {
    return this.#held.size;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get(key: Key): Value | undefined {
    const found = this.#held.get(key);
    if (found === undefined) return undefined;
    this.#held.delete(key);
    this.#held.set(key, found);
    return found.value;
  }

  set(key: Key, value: Value, sizeBytes: number): void {
    this.delete(key);
    const { bytesMax, entriesMax, entryBytesMax } = this.#limits;
    if (sizeBytes > entryBytesMax) return;
    this.#held.set(key, { value, sizeBytes });
    this.#sizeBytes += sizeBytes;
    for (const oldest of this.#held.keys()) {
      if (this.#sizeBytes <= bytesMax && this.#held.size <= entriesMax) return;
      this.delete(oldest);
    }
  }

  delete(key: Key): void {
    const found = this.#held.get(key);
    if (found === undefined) return;
    this.#held.delete(key);
    this.#sizeBytes -= found.sizeBytes;
  }
}
