import type { KeySummary } from '@kiln/server/schemas';
import { duration } from './report.ts';

/** The stage of a key whose trouble may pass by itself; see `KeyWriter` of the factory. */
function isRetry(stage: string): boolean {
  return stage.startsWith('is tried again');
}

/** Prints how the keys of the line go on: redrawn in place on a terminal, a line per change otherwise. */
export class Progress {
  readonly #write: (text: string) => void;
  readonly #terminal: boolean;
  readonly #columns: () => number;
  readonly #seen = new Map<string, string>();
  /** The attempt after which a key was last seen to be tried again. */
  readonly #retries = new Map<string, number>();
  #drawn = 0;
  #lastBeat: number;

  constructor(options: {
    write(text: string): void;
    terminal: boolean;
    columns(): number;
    nowMs: number;
  }) {
    this.#write = options.write;
    this.#terminal = options.terminal;
    this.#columns = options.columns;
    this.#lastBeat = options.nowMs;
  }

  /** Shows the present state of the keys. */
  show(keys: readonly KeySummary[], nowMs: number): void {
    const changes = this.#changes(keys);
    if (this.#terminal) this.#redraw(keys, changes, nowMs);
    else this.#append(keys, changes, nowMs);
  }

  /** Takes the moving part away. */
  clear(): void {
    if (this.#drawn > 0) this.#write(`\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }

  #changes(keys: readonly KeySummary[]): string[] {
    const lines: string[] = [];
    for (const key of keys) {
      const stage = key.status === 'working' && key.stage !== '' ? `: ${key.stage}` : '';
      const now = `${key.status}${stage}`;
      const before = this.#seen.get(key.key);
      this.#seen.set(key.key, now);
      if (key.status === 'queued' && isRetry(key.stage)) {
        if (this.#retries.get(key.key) !== key.attempt) lines.push(`! ${key.key} ${key.stage}`);
        this.#retries.set(key.key, key.attempt);
        continue;
      }
      if (now === before || key.status === 'queued' || key.status === 'waiting') continue;
      if (before === undefined && key.status === 'ready') continue;
      if (this.#terminal && key.status === 'working') continue;
      const took =
        key.status === 'ready' && key.durationMs !== null ? ` in ${duration(key.durationMs)}` : '';
      const why = key.status === 'failed' && key.error !== null ? `: ${key.error.message}` : '';
      lines.push(
        `${key.status === 'ready' ? '✓' : key.status === 'failed' ? '✗' : '·'} ${key.key} ${now}${took}${why}`,
      );
    }
    return lines;
  }

  #redraw(keys: readonly KeySummary[], changes: readonly string[], nowMs: number): void {
    this.clear();
    for (const line of changes) this.#write(`${line}\n`);
    const rows = [
      this.#summary(keys),
      ...keys.filter((key) => key.status === 'working').map((key) => this.#bar(key, nowMs)),
    ];
    for (const row of rows)
      this.#write(
        `${Array.from(row)
          .slice(0, this.#columns() - 1)
          .join('')}\n`,
      );
    this.#drawn = rows.length;
  }

  #append(keys: readonly KeySummary[], changes: readonly string[], nowMs: number): void {
    for (const line of changes) this.#write(`${line}\n`);
    if (changes.length > 0 || nowMs - this.#lastBeat >= 15_000) {
      this.#lastBeat = nowMs;
      if (changes.length === 0) {
        this.#write(`${this.#summary(keys)}\n`);
        for (const key of keys.filter((one) => one.status === 'working'))
          this.#write(`${this.#bar(key, nowMs)}\n`);
      }
    }
  }

  #summary(keys: readonly KeySummary[]): string {
    const count = (status: string): number => keys.filter((key) => key.status === status).length;
    return `${count('ready')} of ${keys.length} ready, ${count('working')} working, ${count('waiting') + count('queued')} waiting${count('failed') > 0 ? `, ${count('failed')} failed` : ''}`;
  }

  #bar(key: KeySummary, nowMs: number): string {
    const elapsed = key.startedAt === null ? 0 : Math.max(0, nowMs - key.startedAt);
    const estimate = key.estimateMs;
    if (estimate === null || estimate <= 0)
      return `  ${key.key}  ${key.stage}  ${duration(elapsed)}`;
    const share = Math.min(0.99, elapsed / estimate);
    const full = Math.round(share * 20);
    return `  [${'█'.repeat(full)}${'░'.repeat(20 - full)}] ${key.key}  ${key.stage}  ${duration(elapsed)} of about ${duration(estimate)}`;
  }
}
