import type { OriginFacts } from '@kiln/recipe';

/** CPE 2.3: thirteen fields, `*` where the recipe says nothing; the version is without epoch. */
export function cpeOf({ cpe, version }: OriginFacts): string {
  if (cpe['vendor'] === undefined) return '';
  const field = (name: string): string => cpe[name] ?? '*';
  const tail = ['edition', 'language', 'sw_edition', 'target_sw', 'target_hw', 'other'].map(field);
  return [
    'cpe',
    '2.3',
    cpe['part'] ?? 'a',
    field('vendor'),
    field('product'),
    version,
    '*',
    ...tail,
  ].join(':');
}
