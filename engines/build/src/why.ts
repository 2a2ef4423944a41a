import { canonicalJson, shorten, sortUnique } from '@kiln/base';

/** One reason for another action digest. */
export interface ActionChange {
  /** What changed: `environment`, `sources`, `recipe` … */
  readonly what: string;
  /** Where in it, and from what to what. */
  readonly detail: string;
}

const changesMax = 200;

/**
 * Why the inputs of two actions have different digests: packages of the environment by name, files by path, everything
 * else by its place in the document. Equal inputs give nothing; at most 200 changes.
 */
export function explainActions(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): readonly ActionChange[] {
  const changes: ActionChange[] = [];
  for (const what of sortUnique([...Object.keys(before), ...Object.keys(after)])) {
    if (same(before[what], after[what])) continue;
    const found = keyed(what, before[what], after[what]) ?? walk([], before[what], after[what]);
    changes.push(...found.map((detail) => ({ what, detail })));
  }
  return changes.slice(0, changesMax);
}

function same(a: unknown, b: unknown): boolean {
  return text(a) === text(b);
}

function text(value: unknown): string {
  return value === undefined ? 'nothing' : canonicalJson(value);
}

/** The lists whose elements have a name of their own. */
const namesOf: Readonly<
  Record<string, { readonly key: string; readonly value: readonly string[] }>
> = {
  environment: { key: 'name', value: ['version', 'checksum'] },
  sideFiles: { key: 'path', value: ['mode', 'digest'] },
  sources: { key: 'uri', value: ['digest'] },
};

function keyed(what: string, before: unknown, after: unknown): readonly string[] | undefined {
  const names = Object.hasOwn(namesOf, what) ? namesOf[what] : undefined;
  if (names === undefined || !Array.isArray(before) || !Array.isArray(after)) return undefined;
  const byName = (list: readonly unknown[]): ReadonlyMap<string, string> =>
    new Map(
      list.map((element) => {
        const record = element as Readonly<Record<string, unknown>>;
        const values = names.value.map((key) => record[key]);
        return [String(record[names.key]), values.map(shown).join(' ')] as const;
      }),
    );
  const [first, second] = [byName(before), byName(after)];
  return sortUnique([...first.keys(), ...second.keys()])
    .filter((name) => first.get(name) !== second.get(name))
    .map((name) => {
      const [a, b] = [first.get(name), second.get(name)];
      if (a === undefined) return `${name}: new, ${b ?? ''}`;
      return b === undefined ? `${name}: gone` : `${name}: ${a} became ${b}`;
    });
}

function walk(path: readonly string[], before: unknown, after: unknown): readonly string[] {
  if (same(before, after)) return [];
  if (isRecord(before) && isRecord(after)) {
    return sortUnique([...Object.keys(before), ...Object.keys(after)]).flatMap((key) =>
      walk([...path, key], before[key], after[key]),
    );
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length)
    return before.flatMap((element, index) =>
      walk([...path, String(index)], element, after[index]),
    );
  const place = path.length === 0 ? '' : `${path.join('.')}: `;
  return [`${place}${shown(before)} became ${shown(after)}`];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return shorten(typeof value === 'string' ? value : text(value), 100);
}
