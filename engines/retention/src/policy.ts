import { KilnError, shorten } from '@kiln/base';
import { touchEveryMs } from '@kiln/blobs/store';

/** How long what nothing keeps stays, in milliseconds since it was last used. */
export interface RetentionPolicy {
  /** Manifests that no tag points at or ever pointed at, and that belong to none that is kept. */
  readonly untaggedMs: number;
  /** Results of actions that no key stands on, and what was said and recorded of files that nothing shows. */
  readonly resultsMs: number;
  /** Generations of package indexes but the newest ten, since they were made; `undefined`: for ever. */
  readonly generationsMs: number | undefined;
  /** Blobs that nothing names, and blobs of a repository that none of its manifests holds. */
  readonly blobsMs: number;
  /** Between two sweeps; `undefined`: only when a person asks. */
  readonly everyMs: number | undefined;
}

/** So many generations stay whatever their age: clients may hold the index of one while the next is published. */
export const generationsKept = 10;

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

export const retentionDefault: RetentionPolicy = {
  untaggedMs: 14 * dayMs,
  resultsMs: 30 * dayMs,
  generationsMs: undefined,
  blobsMs: dayMs,
  everyMs: dayMs,
};

/** Uses within an hour count as one, so anything shorter could be collected under the hands of whoever uses it. */
const shortestMs = 2 * touchEveryMs;
const longestMs = 100 * 365 * dayMs;

const names = {
  untagged: 'untaggedMs',
  results: 'resultsMs',
  generations: 'generationsMs',
  blobs: 'blobsMs',
  every: 'everyMs',
} as const satisfies Record<string, keyof RetentionPolicy>;

/** What `generations` and `every` can be besides a time. */
const without: Readonly<Record<string, string>> = { generations: 'forever', every: 'never' };

/**
 * Reads `untagged=14d,blobs=24h`: names of the policy's times, each with a number and `h` or `d`; what is left out is the
 * default. `generations=forever`, `every=never`. Throws `RETENTION_POLICY`.
 */
export function parseRetentionPolicy(text: string): RetentionPolicy {
  const policy: { -readonly [K in keyof RetentionPolicy]: number | undefined } = {
    ...retentionDefault,
  };
  for (const part of text.split(',').filter((one) => one.trim() !== '')) {
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(part.trim()) ?? [];
    if (!Object.hasOwn(names, name)) {
      const known = Object.keys(names).join(', ');
      throw invalid(`nothing is kept by the name "${shorten(name)}"`, `the names are ${known}`);
    }
    const member = names[name as keyof typeof names];
    policy[member] = value === without[name] ? undefined : parseTime(name, value);
  }
  return policy as RetentionPolicy;
}

/** All times of a policy as `parseRetentionPolicy` reads them. */
export function printRetentionPolicy(policy: RetentionPolicy): string {
  return Object.entries(names)
    .map(([name, member]) => {
      const ms = policy[member];
      if (ms === undefined) return `${name}=${without[name] ?? ''}`;
      return ms % dayMs === 0 ? `${name}=${ms / dayMs}d` : `${name}=${ms / hourMs}h`;
    })
    .join(',');
}

function parseTime(name: string, text: string): number {
  const match = /^(\d{1,6})(h|d)$/.exec(text);
  const ms = Number(match?.[1]) * (match?.[2] === 'd' ? dayMs : hourMs);
  if (match === null || ms < shortestMs || ms > longestMs) {
    throw invalid(
      `not a time to keep ${name}: "${shorten(text)}"`,
      `write hours or days, such as 36h or 14d, at least 2h${name in without ? `, or ${without[name]}` : ''}`,
    );
  }
  return ms;
}

function invalid(message: string, hint: string): KilnError {
  return new KilnError('RETENTION_POLICY', message, { hint });
}
