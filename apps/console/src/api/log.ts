import { withoutEscapes } from '../format.ts';

export interface ReadLogOptions {
  readonly url: string;
  readonly signal: AbortSignal;
  /** The text starts from its beginning, for the first time or again. */
  begin(): void;
  append(text: string): void;
  onPhase(phase: 'reading' | 'complete' | 'interrupted'): void;
}

const pauseMs = 1_000;

/** Reads a log until it ends. After an interruption it is read again from its beginning, which is all the server offers. */
export async function readLog(options: ReadLogOptions): Promise<void> {
  const { signal, onPhase } = options;
  while (!signal.aborted) {
    const ended = await readOnce(options);
    if (signal.aborted) return;
    onPhase(ended ? 'complete' : 'interrupted');
    if (ended) return;
    await new Promise((resolve) => window.setTimeout(resolve, pauseMs));
  }
}

async function readOnce({ url, signal, begin, append, onPhase }: ReadLogOptions): Promise<boolean> {
  try {
    const response = await fetch(url, { signal });
    if (response.status === 404) return true;
    if (!response.ok || response.body === null) return false;
    begin();
    onPhase('reading');
    const lines = wholeLines(append);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read())
      lines.write(part.value);
    lines.end();
    return true;
  } catch {
    // The connection broke, or the page was left.
    return false;
  }
}

/** Escape sequences may be cut in two by the network, so text is passed on up to its last line end. */
function wholeLines(append: (text: string) => void): { write(text: string): void; end(): void } {
  let rest = '';
  return {
    write: (text) => {
      const all = rest + text;
      const end = all.lastIndexOf('\n') + 1;
      rest = all.slice(end);
      append(withoutEscapes(all.slice(0, end)));
    },
    end: () => append(withoutEscapes(rest)),
  };
}
