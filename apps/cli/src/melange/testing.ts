import { runMelange } from './dispatch.ts';

export interface RanMelange {
  readonly code: number;
  /** Standard output. */
  readonly out: string;
  /** Standard error. */
  readonly talk: string;
}

/** Runs a command of `kiln melange` in this process, at the time 0. */
export async function ranMelange(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<RanMelange> {
  let [out, talk] = ['', ''];
  const code = await runMelange(words, {
    print: { data: (text) => void (out += text), talk: (text) => void (talk += text) },
    environment,
    clock: { now: () => 0 },
    signal: new AbortController().signal,
  });
  return { code, out, talk };
}
