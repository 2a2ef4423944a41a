import { parentPort, workerData } from 'node:worker_threads';
import { recipeFactsReader, type RecipeFactsOptions } from './recipe-facts.ts';

const read = recipeFactsReader(workerData as RecipeFactsOptions);

parentPort?.on('message', (files: readonly string[]) => {
  parentPort?.postMessage(files.map((file) => read(file)));
});
