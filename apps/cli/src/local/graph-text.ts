import { compareBytes, shorten, sortUnique, counted } from '@kiln/base';
import type { CycleStep, CyclicComponent, EpochBump, OpenAtom, WhyStep } from '@kiln/graph';
import type { TreeGraph } from './graph.ts';

/** How many of a long list are shown; `--json` has all. */
const shownMax = { names: 8, cycles: 5, groups: 20, atoms: 20, providers: 15 };

/** What a person wants to know of a tree. */
export function graphText(tree: TreeGraph, withTests: boolean): string {
  const { affected, epochs } = tree;
  return [
    counts(tree),
    ...(affected === undefined ? [] : [affectedText(affected, withTests)]),
    orderText(tree),
    cyclesText(tree.plan.components),
    openText(tree.graph.open.filter(({ kind }) => withTests || kind !== 'test')),
    ...(epochs === undefined ? [] : [epochsText(epochs)]),
  ].join('\n');
}

/** The way from one thing to another, a step a line. */
export function wayText(way: readonly WhyStep[] | undefined): string {
  if (way === undefined) return 'it is not needed\n';
  return way
    .map(({ atom, kind, name, recipe }, index) => {
      const indent = '  '.repeat(index);
      if (kind !== 'package')
        return `${indent}${index === 0 ? '' : 'made by '}${kind === 'test' ? 'the tests' : 'the build'} of ${name}\n`;
      const origin = recipe === '' ? ', published' : recipe === name ? '' : ` of ${recipe}`;
      return `${indent}needs ${atom === name ? name : `${atom}: ${name}`}${origin}\n`;
    })
    .join('');
}

function counts({ arch, graph, plan }: TreeGraph): string {
  const packages = graph.recipes.reduce((sum, one) => sum + one.packages.length, 0);
  const atoms = (kind: 'build' | 'test'): number =>
    graph.recipes.reduce((sum, one) => sum + one[kind].length, 0);
  const published = graph.recipes.filter((one) => graph.isPublished(one)).length;
  return [
    `${arch}: ${counted(graph.recipes.length, 'recipe')}, ${counted(packages, 'package')}, ${published} published at their version`,
    `  ${atoms('build')} atoms of builds, ${atoms('test')} of tests`,
    `  ${plan.recipes.length} to order, ${counted(levelsOf(plan.recipes).length, 'level')}`,
    '',
  ].join('\n');
}

function affectedText(affected: NonNullable<TreeGraph['affected']>, withTests: boolean): string {
  const shown = affected.filter(({ kind }) => withTests || kind !== 'test');
  const lines = [`affected: ${counted(shown.length, 'recipe')}`];
  const rounds = Map.groupBy(shown, ({ kind, distance }) =>
    kind === 'changed' ? kind : `${kind === 'test' ? 'tested' : 'built'} with ${away(distance)}`,
  );
  const first = (group: typeof shown): number => group[0]?.distance ?? 0;
  for (const [what, group] of [...rounds].sort((a, b) => first(a[1]) - first(b[1])))
    lines.push(`  ${what} (${group.length}): ${some(group.map(({ recipe }) => recipe))}`);
  return `${lines.join('\n')}\n`;
}

function away(distance: number): string {
  if (distance === 1) return 'those';
  return distance === 2 ? 'what is built with those' : `what is ${distance - 1} builds away`;
}

function orderText({ plan }: TreeGraph): string {
  const lines = [`order, by levels; --format order prints all of it:`];
  levelsOf(plan.recipes).forEach((names, level) =>
    lines.push(`  ${level} (${names.length}): ${some(names)}`),
  );
  lines.push(`longest chain (${plan.criticalPath.length}): ${plan.criticalPath.join(' > ')}`);
  return `${lines.join('\n')}\n`;
}

/** Names by level, most urgent first. */
function levelsOf(recipes: TreeGraph['plan']['recipes']): readonly (readonly string[])[] {
  const levels: string[][] = [];
  for (const { name, level } of recipes) (levels[level] ??= []).push(name);
  return levels;
}

function cyclesText(components: readonly CyclicComponent[]): string {
  if (components.length === 0) return 'no recipes need each other\n';
  const cuts = components.reduce((sum, one) => sum + one.cuts.length, 0);
  const lines = [
    `recipes that need each other: ${counted(components.length, 'group')}, ${counted(cuts, 'atom')} to cut`,
  ];
  for (const one of components.slice(0, shownMax.groups)) lines.push(...componentLines(one));
  if (components.length > shownMax.groups)
    lines.push(`  and ${components.length - shownMax.groups} groups more`);
  return `${lines.join('\n')}\n`;
}

function componentLines({ recipes, cycles, cuts }: CyclicComponent): readonly string[] {
  const more = cycles.length - shownMax.cycles;
  return [
    `  ${counted(recipes.length, 'recipe')}: ${some(recipes)}`,
    ...cycles.slice(0, shownMax.cycles).map((cycle) => `    cycle: ${cycleText(cycle)}`),
    ...(more > 0 ? [`    and ${counted(more, 'cycle')} more`] : []),
    ...cutLines(cuts),
  ];
}

/** Recipe, atom, provider of each step: in `cc -> base (needs make) -> make` the recipe make makes what base needs. */
function cycleText(cycle: readonly CycleStep[]): string {
  const steps = cycle.map(({ recipe, atom, package: target, through }, index) => {
    const given = atom === target ? atom : `${atom} = ${target}`;
    const between = through.map((link) => `needs ${link.package}`).join(', ');
    const next = cycle[(index + 1) % cycle.length]?.recipe ?? '';
    return `${recipe} -> ${given}${between === '' ? '' : ` (${between})`} -> ${next}`;
  });
  return steps.join(', ');
}

function cutLines(cuts: CyclicComponent['cuts']): readonly string[] {
  const groups = Map.groupBy(cuts, ({ package: one, published }) =>
    published === undefined ? `${one}, which no index has` : published,
  );
  const sorted = [...groups].sort((a, b) => b[1].length - a[1].length || compareBytes(a[0], b[0]));
  const more = sorted.length - shownMax.providers;
  return [
    ...sorted
      .slice(0, shownMax.providers)
      .map(
        ([provider, group]) =>
          `    cut: take ${provider}, for ${some(group.map(({ recipe }) => recipe))}`,
      ),
    ...(more > 0 ? [`    and cuts of ${counted(more, 'package')} more`] : []),
  ];
}

function openText(open: readonly OpenAtom[]): string {
  if (open.length === 0) return 'every atom has a provider\n';
  const lines: string[] = [];
  for (const [kind, what] of [
    ['build', 'builds'],
    ['runtime', 'packages'],
    ['test', 'tests'],
  ] as const) {
    const atoms = Map.groupBy(
      open.filter((one) => one.kind === kind),
      ({ atom }) => atom,
    );
    if (atoms.size === 0) continue;
    lines.push(`open atoms of ${what}, which nothing provides: ${atoms.size}`);
    const sorted = [...atoms].sort((a, b) => b[1].length - a[1].length || compareBytes(a[0], b[0]));
    for (const [atom, group] of sorted.slice(0, shownMax.atoms))
      lines.push(
        `  ${shorten(atom)}: ${some(sortUnique(group.map((one) => one.package || one.recipe)))}`,
      );
    if (sorted.length > shownMax.atoms)
      lines.push(`  and ${sorted.length - shownMax.atoms} atoms more`);
  }
  return `${lines.join('\n')}\n`;
}

function epochsText(epochs: readonly EpochBump[]): string {
  if (epochs.length === 0) return 'no package loses a library\n';
  const lines = [
    `packages that lose a library: ${counted(epochs.length, 'recipe')} to build again`,
  ];
  for (const { recipe, file, epoch, packages } of epochs) {
    const where = file ?? 'not in this tree';
    const what = epoch === undefined ? where : `epoch ${epoch} in ${where}`;
    lines.push(`  ${recipe}: ${what}`);
    for (const { name, version, lost } of packages)
      lines.push(
        `    ${name}-${version}: ${lost.map(({ atom, formerly }) => `${atom} (of ${formerly})`).join(', ')}`,
      );
  }
  return `${lines.join('\n')}\n`;
}

function some(names: readonly string[]): string {
  const more = names.length - shownMax.names;
  const shown = names.slice(0, shownMax.names).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}
