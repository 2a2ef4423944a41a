/** One line of a build's output. */
export interface BuildLogLine {
  /** Which step wrote it, such as `zlib-dev: split/dev`. */
  readonly step: string;
  readonly text: string;
}

const lineCharactersMax = 16 * 1024;

/** Cuts a stream of output into lines; a line beyond 16 KiB is cut into several. */
export class LineSplitter {
  readonly #emit: (text: string) => void;
  readonly #decoder = new TextDecoder('utf-8');
  #pending = '';

  constructor(emit: (text: string) => void) {
    this.#emit = emit;
  }

  push(chunk: Uint8Array): void {
    this.#take(this.#decoder.decode(chunk, { stream: true }));
  }

  end(): void {
    this.#take(this.#decoder.decode());
    if (this.#pending !== '') this.#emit(this.#pending);
    this.#pending = '';
  }

  #take(text: string): void {
    const lines = (this.#pending + text).split(/\r?\n/);
    this.#pending = lines.pop() ?? '';
    for (const line of lines) this.#emitLong(line);
    while (this.#pending.length > lineCharactersMax) {
      this.#emit(this.#pending.slice(0, lineCharactersMax));
      this.#pending = this.#pending.slice(lineCharactersMax);
    }
  }

  #emitLong(line: string): void {
    for (let at = 0; at === 0 || at < line.length; at += lineCharactersMax) {
      this.#emit(line.slice(at, at + lineCharactersMax));
    }
  }
}
