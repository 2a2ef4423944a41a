import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTreeGraphs, type TreeGraph, type TreeGraphs } from './graph.ts';

/** A checkout of a large distribution's recipes, such as Wolfi's; there is none in the clone. */
const tree = process.env['KILN_WOLFI_TREE'] ?? '';

describe.skipIf(tree === '')('all recipes of a distribution', () => {
  let cacheFolder = '';
  let first: TreeGraphs;
  let planned: TreeGraph;

  const read = (): Promise<TreeGraphs> =>
    readTreeGraphs({
      words: [tree],
      dialect: 'kiln',
      architectures: ['x86_64'],
      pipelineFolders: [],
      repositories: [],
      keys: [],
      cacheFolder,
      threads: os.availableParallelism(),
      onStage: () => undefined,
      onWarning: (text) => expect.fail(text),
    });

  beforeAll(async () => {
    cacheFolder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-wolfi-'));
    first = await read();
    const [graph] = first.graphs;
    if (graph === undefined) throw new Error('there is a graph for each architecture');
    planned = graph;
  });
  afterAll(() => fs.rmSync(cacheFolder, { recursive: true }));

  test('are read, and ordered after what they need', () => {
    expect(first.problems).toEqual([]);
    expect(first.compiled).toBe(first.files);
    const { recipes } = planned.plan;
    expect(recipes.length).toBe(planned.graph.recipes.length);
    const place = new Map(recipes.map(({ name }, at) => [name, at]));
    const late = recipes.filter(({ needs }, at) =>
      needs.some((need) => (place.get(need) ?? Infinity) >= at),
    );
    expect(late).toEqual([]);
  });

  test('have cycles whose cuts are of recipes in them', () => {
    for (const { recipes, cycles, cuts } of planned.plan.components) {
      expect(cuts.length).toBeGreaterThan(0);
      expect(recipes).toEqual(expect.arrayContaining(cuts.map(({ recipe }) => recipe)));
      expect(new Set(cycles.flat().map(({ recipe }) => recipe))).toEqual(new Set(recipes));
    }
  });

  test('are not compiled again, and planned the same', async () => {
    const second = await read();
    expect(second.compiled).toBe(0);
    expect(second.graphs[0]?.plan).toEqual(planned.plan);
  });
});
