import { KilnError } from '@kiln/base';
import { imageWorld, partialSolve, solveImage } from '@kiln/solve';
import { apkoDot } from './apko-dot.ts';
import { wantedArchitectures } from './architectures.ts';
import { basePackagesOf } from './base-packages.ts';
import { packageDot } from './package-dot.ts';
import { ImageRepositories } from './repositories.ts';
import { imageRequest, lockRequest } from './request.ts';
import type { ImageTask } from './task.ts';

/** A graph in the language of Graphviz; with what was found wrong, and in the graph the reasons. */
export interface PackageGraph {
  readonly text: string;
  /** `IMAGE_LOCK_UNSOLVED`. */
  readonly failure: KilnError | undefined;
}

/**
 * The packages of a configuration for its first architecture, and which needs which. Where they do not resolve, those of the
 * entries that do; in dialect `apko` that throws, as it crashes apko.
 */
export async function packageGraph(
  task: ImageTask,
  { asTree }: { readonly asTree: boolean },
): Promise<PackageGraph> {
  const request = await imageRequest(task);
  const arch = wantedArchitectures(task.archs, request.config.archs, task.dialect)[0] ?? '';
  const repositories = new ImageRepositories(task);
  task.onStage?.('reading keys and indexes');
  const keys = await repositories.trusted(request, [arch]);
  const base = (await basePackagesOf(request, [arch])).get(arch);
  const extra = base === undefined ? [] : [base.index];
  const [indexes] = await repositories.indexes(request, {
    archs: [arch],
    keys,
    extra: () => extra,
  });
  const world = imageWorld(lockRequest(request), base?.world);
  const options = { file: task.file, world: request.config.contents.packages, asTree };
  try {
    const packages = indexes === undefined ? [] : solveImage(world, indexes);
    const draw = task.dialect === 'apko' ? apkoDot : packageDot;
    const text = draw({ ...options, packages: packages.map(({ record }) => record) });
    return { text, failure: undefined };
  } catch (error) {
    const isUnsolved = error instanceof KilnError && error.code === 'IMAGE_LOCK_UNSOLVED';
    if (!isUnsolved || task.dialect === 'apko') throw error;
    const failure = error.message.split('\n');
    const part = indexes === undefined ? [] : partialSolve(indexes.prepared, world);
    const packages = part.map(({ record }) => record);
    return { text: packageDot({ ...options, packages, failure }), failure: error };
  }
}
