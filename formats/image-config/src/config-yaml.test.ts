import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { completeImageConfig, imageConfigYaml, parseImageConfig } from './index.ts';

interface Shown {
  readonly name: string;
  readonly config: string;
  readonly shown: string;
}

const recorded = JSON.parse(
  readFileSync(new URL('../testdata/shown.json', import.meta.url), 'utf8'),
) as readonly Shown[];

const show = (text: string): string =>
  imageConfigYaml(completeImageConfig(parseImageConfig(text, 'apko.yaml', 'apko')));

describe('a configuration as text', () => {
  test.each(recorded)('$name is shown as apko shows it', ({ config, shown }) => {
    expect(show(config)).toBe(shown);
  });

  test('passwords are not shown', () => {
    const text = show(
      '{contents: {repositories: ["@e https://u:secret@h/r"], keyring: ["https://u:secret@h/k"]}}',
    );
    expect(text).not.toContain('secret');
    expect(text).toContain("'@e https://u:xxxxx@h/r'");
  });

  test.each(['two words', '@tag a b'])('a repository "%s" is refused', (repository) => {
    expect(() => show(`{contents: {repositories: ["${repository}"]}}`)).toThrow(
      expect.objectContaining({ code: 'IMAGE_CONFIG_INVALID' }),
    );
  });

  test('in dialect apko addresses are shown as they are parsed', () => {
    const of = (repository: string): string =>
      imageConfigYaml(
        parseImageConfig(`{contents: {repositories: ["${repository}"]}}`, 'apko.yaml', 'apko'),
        'apko',
      );
    expect(of('@e HTTP://u:secret@H/é')).toContain("- '@e http://u:xxxxx@H/%C3%A9'\n");
    expect(() => of('@e  /r')).toThrow('invalid repository format');
    expect(() => of('1:a')).toThrow('1:a');
  });

  test('maps are in the order of yaml.v3, which counts', () => {
    const text = show('{environment: {A10: x, A2: y, "10": z, "9": z}}');
    expect([...text.matchAll(/^ {4}("?\w+"?):/gm)].map(([, key]) => key)).toEqual([
      '"9"',
      '"10"',
      'A2',
      'A10',
    ]);
  });
});
