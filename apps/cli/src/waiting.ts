import { duration } from './report.ts';

const redrawMs = 250;
const beatMs = 15_000;

/**
 * Says what is being waited for: on a terminal in one line whose seconds count up and which goes away, elsewhere in a
 * line per stage, and one every 15 seconds. What stands behind a stage's first comma is how far it is.
 */
export class Waiting {
  readonly #write: (text: string) => void;
  readonly #terminal: boolean;
  #stage = '';
  /** Not of `performance`, which takes every command a millisecond or two to load. */
  #startedAt: [number, number] = [0, 0];
  #timer: NodeJS.Timeout | undefined;
  /** 0 once something is said. */
  #quietMs: number;

  /** With `quietMs` nothing is said of what takes less than that altogether. */
  constructor(
    write: (text: string) => void,
    terminal: boolean,
    { quietMs = 0 }: { readonly quietMs?: number } = {},
  ) {
    this.#write = write;
    this.#terminal = terminal;
    this.#quietMs = quietMs;
  }

  /** Goes on to another stage, or within one. */
  show(stage: string): void {
    const isSame = nameOf(stage) === nameOf(this.#stage);
    this.#stage = stage;
    if (isSame) return;
    this.#startedAt = process.hrtime();
    if (this.#quietMs === 0) this.#begin();
    else this.#timer ??= setTimeout(() => this.#begin(), this.#quietMs);
  }

  #begin(): void {
    clearInterval(this.#timer);
    this.#quietMs = 0;
    if (this.#terminal) this.#draw();
    else this.#write(`kiln: ${this.#stage}\n`);
    this.#timer = setInterval(() => this.#draw(), this.#terminal ? redrawMs : beatMs);
  }

  /** Takes the line away. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#terminal && this.#stage !== '' && this.#quietMs === 0) this.#write('\r\u001b[K');
    this.#stage = '';
  }

  #draw(): void {
    const [seconds] = process.hrtime(this.#startedAt);
    const elapsed = seconds === 0 ? '0s' : duration(seconds * 1000);
    if (this.#terminal) this.#write(`\r\u001b[Kkiln: ${this.#stage}  ${elapsed}`);
    else this.#write(`kiln: ${this.#stage}, ${elapsed}\n`);
  }
}

function nameOf(stage: string): string | undefined {
  return stage.split(',', 1)[0];
}
