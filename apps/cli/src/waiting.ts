import { duration } from './report.ts';

const redrawMs = 250;
const beatMs = 15_000;

/**
 * Says what is being waited for: on a terminal in one line whose seconds count up and which goes away, elsewhere in a
 * line per stage, and one every 15 seconds.
 */
export class Waiting {
  readonly #write: (text: string) => void;
  readonly #terminal: boolean;
  #stage = '';
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (text: string) => void, terminal: boolean) {
    this.#write = write;
    this.#terminal = terminal;
  }

  /** Goes on to another stage. */
  show(stage: string): void {
    if (stage === this.#stage) return;
    this.#stage = stage;
    this.#startedAt = performance.now();
    clearInterval(this.#timer);
    if (this.#terminal) this.#draw();
    else this.#write(`kiln: ${stage}\n`);
    this.#timer = setInterval(() => this.#draw(), this.#terminal ? redrawMs : beatMs);
  }

  /** Takes the line away. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#terminal && this.#stage !== '') this.#write('\r\u001b[K');
    this.#stage = '';
  }

  #draw(): void {
    const seconds = Math.floor((performance.now() - this.#startedAt) / 1000);
    const elapsed = seconds === 0 ? '0s' : duration(seconds * 1000);
    if (this.#terminal) this.#write(`\r\u001b[Kkiln: ${this.#stage}  ${elapsed}`);
    else this.#write(`kiln: ${this.#stage}, ${elapsed}\n`);
  }
}
