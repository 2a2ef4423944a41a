import { assemble } from '@kiln/assemble';
import type { AssembledTree } from '@kiln/assemble';
import { KilnError, counted } from '@kiln/base';
import { canonicalArch } from '@kiln/image-config';
import type { ImageConfig } from '@kiln/image-config';
import { imageWorld, solveImage } from '@kiln/solve';
import { hostArchitecture } from '../local/architecture.ts';
import { wantedArchitectures } from './architectures.ts';
import { assemblyOf, requireBuildable } from './assembly.ts';
import { baseImageOf, baseIndex, baseWorld } from './base-image.ts';
import { readLockFile } from './lock-file.ts';
import { warnOfMissingFiles } from './missing-files.ts';
import { keysOf, planImages } from './plan.ts';
import { ImageRepositories, packageOf } from './repositories.ts';
import type { ImageRequest } from './request.ts';
import { imageRequest, lockRequest, recordedConfig, unlockedConfig } from './request.ts';
import type { ImageTask } from './task.ts';

/**
 * The file system of a configuration for one architecture, without an image around it. In dialect `apko` it is not locked, so it
 * records what the configuration asks for and not what was found; in dialect `kiln` it is what an image would have. Throws for
 * whatever is wrong.
 */
export async function rootTree(task: ImageTask): Promise<AssembledTree> {
  const request = await imageRequest(task);
  requireBuildable(request.config);
  return task.dialect === 'apko' ? unlocked(request, task) : locked(request, task);
}

async function locked(request: ImageRequest, task: ImageTask): Promise<AssembledTree> {
  const archs = wantedArchitectures(task.archs, request.config.archs, task.dialect);
  const [arch = ''] = archs;
  if (archs.length > 1)
    throw new KilnError(
      'USAGE',
      `a file system is of one architecture, not of ${archs.join(', ')}`,
      {
        hint: 'name one with --arch',
      },
    );
  const lock = task.lockFile === '' ? undefined : readLockFile(task.lockFile, request, task.log);
  const repositories = new ImageRepositories(task);
  task.onStage?.('reading keys and indexes');
  const planned = { repositories, archs, lock };
  const keys = await keysOf(request, planned);
  const plan = await planImages(request, { ...planned, keys: keys.trusted });
  const packages = plan.flatMap((one) => one.packages());
  task.onStage?.(`fetching ${counted(packages.length, 'package')}`);
  const assembled = await assemble({
    ...assemblyOf(request, { keys: keys.installed.get(arch) ?? [], base: undefined }),
    config: recordedConfig(request),
    arch,
    packages: await repositories.open(packages),
  });
  warnOfMissingFiles(assembled, task.log, arch);
  return assembled;
}

async function unlocked(request: ImageRequest, task: ImageTask): Promise<AssembledTree> {
  const arch = canonicalArch(task.archs[0] ?? hostArchitecture());
  requireOneLayer(request.config);
  if (request.config.archs.length > 0)
    task.log.warn(`ignoring archs in config, only building for current arch (${arch})`);
  const base = baseImageOf(request, arch);
  const extra = base === undefined ? [] : [baseIndex(base)];
  const repositories = new ImageRepositories(task);
  const keys = await repositories.trusted(request, [arch]);
  const indexes = await repositories.indexes(request, { archs: [arch], keys, extra: () => extra });
  const present = new Set(base?.image.packages.map(({ name }) => name));
  const world = imageWorld(lockRequest(request), baseWorld(base));
  const all = indexes.flatMap((one) => solveImage(world, one));
  // Without a lock apko fetches what the base image has, too.
  const absent = all.find(({ repository }) => repository === extra[0]?.repository);
  if (absent !== undefined)
    throw new KilnError(
      'IMAGE_BASE_IMAGE',
      `base image: no repository has its package ${absent.record.name}-${absent.record.version}`,
      { hint: 'add the repositories that the base image was made from' },
    );
  const solved = all.filter(({ record }) => !present.has(record.name));
  const assembled = await assemble({
    ...assemblyOf(request, { keys: keys.get(arch) ?? [], base: base?.image }),
    config: request.config,
    recorded: unlockedConfig(request),
    arch,
    packages: await repositories.open(solved.map((one) => packageOf(one, arch))),
  });
  warnOfMissingFiles(assembled, task.log, arch);
  return assembled;
}

function requireOneLayer({ layering }: ImageConfig): void {
  if (layering === undefined || (layering.strategy === '' && layering.budget === 0)) return;
  throw new KilnError('IMAGE_CONFIG_INVALID', 'a file system has one layer, and layering is set', {
    hint: 'remove layering from the configuration',
  });
}
