import type { KeyDetail, KeySummary } from '@kiln/server/schemas';
import type { Factory } from './factory.ts';

async function ask<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

/**
 * The keys at which something was made since a moment (milliseconds since 1970): built, wrapped or assembled and
 * tested, in the order in which it began. A look that found everything in order is not among them.
 */
export async function workSince(factory: Factory, since: number): Promise<readonly string[]> {
  const { console: base } = await factory.status();
  const begun: { readonly key: string; readonly at: number }[] = [];
  for (const { key } of await ask<KeySummary[]>(`${base}api/keys`)) {
    const detail = await ask<KeyDetail>(`${base}api/keys/${encodeURIComponent(key)}`);
    const at = detail.attempts.find((one) => one.startedAt >= since && one.hasLog)?.startedAt;
    if (at !== undefined) begun.push({ key, at });
  }
  return begun.sort((a, b) => a.at - b.at).map((one) => one.key);
}

/** What `work` made the factory make; see `workSince`. */
export async function workOf(
  factory: Factory,
  work: () => Promise<unknown>,
): Promise<readonly string[]> {
  const since = Date.now();
  await work();
  return workSince(factory, since);
}
