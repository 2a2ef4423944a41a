import { describe, expect, it } from 'vitest';
import { RecipeFactsReader } from './recipe-facts.ts';
import type { RecipeFactsRequest } from './recipe-facts.ts';

const recipe = `package: {name: greet, version: 1, epoch: 0, description: Greets}
environment: {contents: {packages: [base]}}
pipeline: [{uses: make}]
`;
const make = 'name: Makes\nneeds: {packages: [make]}\npipeline: [{runs: make}]\n';

const request = (change: Partial<RecipeFactsRequest> = {}): RecipeFactsRequest => ({
  text: recipe,
  file: 'catalog/recipes/greet.yaml',
  arch: 'x86_64',
  pipelines: (name) => (name === 'make' ? { file: 'catalog/make.yaml', text: make } : undefined),
  ...change,
});

describe('a recipe that is read again', () => {
  it('is not parsed again when it and its pipelines are as they were', () => {
    const reader = new RecipeFactsReader();
    const first = reader.read(request());
    expect(first).toMatchObject({ name: 'greet', environment: ['base', 'make'] });
    expect(first?.pipelines).toEqual({ make });
    expect(reader.read(request())).toBe(first);
    reader.endRound();
    expect(reader.read(request())).toBe(first);
  });

  it.each<[string, Partial<RecipeFactsRequest>]>([
    ['it', { text: recipe.replace('Greets', 'Greets all') }],
    ['the architecture', { arch: 'aarch64' }],
    [
      'a pipeline',
      { pipelines: () => ({ file: 'catalog/make.yaml', text: make.replace('[make]', '[bmake]') }) },
    ],
  ])('is parsed when %s has changed', (_what, change) => {
    const reader = new RecipeFactsReader();
    const first = reader.read(request());
    const second = reader.read(request(change));
    expect(second).not.toBe(first);
    expect(second).toEqual(new RecipeFactsReader().read(request(change)));
  });

  it('is refused when a pipeline went away', () => {
    const reader = new RecipeFactsReader();
    reader.read(request());
    expect(() => reader.read(request({ pipelines: () => undefined }))).toThrow(
      expect.objectContaining({ code: 'RECIPE_PIPELINE_UNKNOWN' }),
    );
  });

  it('is forgotten after two rounds without it', () => {
    const reader = new RecipeFactsReader();
    const first = reader.read(request());
    reader.endRound();
    reader.endRound();
    expect(reader.read(request())).not.toBe(first);
  });
});
