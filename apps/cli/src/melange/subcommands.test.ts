import fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defaultText } from '../drop-in/help.ts';
import { subcommands } from './subcommands.ts';

type Facts = Readonly<
  Record<string, { readonly type: string; readonly shorthand?: string; readonly default?: string }>
>;

const melange = JSON.parse(
  fs.readFileSync(new URL('../../testdata/melange-flags.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Facts>>;

const loaded = await Promise.all(
  Object.entries(subcommands).map(async ([name, entry]) => ({
    name,
    entry,
    subcommand: await entry.load(),
  })),
);

describe.each(loaded)('$name', ({ name, entry, subcommand }) => {
  test('calls itself so, and has an example', () => {
    expect(subcommand.name).toBe(name);
    expect(subcommand.summary).toBe(entry.summary);
    expect(subcommand.examples.length).toBeGreaterThan(0);
    for (const example of subcommand.examples) expect(example).toContain(`melange ${name}`);
  });

  test('says what it does, or why it does not', () => {
    expect(subcommand.run !== undefined && subcommand.unsupported !== undefined).toBe(false);
  });

  test.skipIf(melange[name] === undefined)('has melange’s flags', () => {
    const shown = Object.entries(subcommand.flags).filter(([, flag]) => !flag.deprecated);
    const facts = shown.map(([flagName, flag]) => {
      const value = defaultText(flag);
      const { type, shorthand } = flag;
      return [
        flagName,
        { type, ...(shorthand ? { shorthand } : {}), ...(value ? { default: value } : {}) },
      ];
    });
    expect(Object.fromEntries(facts)).toEqual(melange[name]);
  });

  test('uses a letter for one flag only', () => {
    const letters = Object.values(subcommand.flags).flatMap((flag) => flag.shorthand ?? []);
    expect(new Set([...letters, 'h']).size).toBe(letters.length + 1);
  });
});
