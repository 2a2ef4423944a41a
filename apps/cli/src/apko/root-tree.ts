import { assemble } from '@kiln/assemble';
import type { AssembledTree } from '@kiln/assemble';
import { KilnError } from '@kiln/base';
import { canonicalArch } from '@kiln/image-config';
import type { ImageConfig } from '@kiln/image-config';
import { imageWorld, solveImage } from '@kiln/solve';
import type { DropInInvocation } from '../drop-in/subcommand.ts';
import { hostArchitecture } from '../local/architecture.ts';
import { assemblyOf, requireBuildable } from './assembly.ts';
import { baseImageOf, baseIndex, baseWorld } from './base-image.ts';
import { inContext } from './in-context.ts';
import { warnOfMissingFiles } from './missing-files.ts';
import { ImageRepositories, packageOf } from './repositories.ts';
import type { ReadingFlags } from './repositories.ts';
import { imageRequest, lockRequest, unlockedConfig } from './request.ts';

/**
 * The file system of a configuration for one architecture, without an image around it: solved once and not locked, so it
 * records what the configuration asks for and not what was found. Throws for whatever is wrong.
 */
export function rootTree(invocation: DropInInvocation, has: ReadingFlags): Promise<AssembledTree> {
  return inContext('failed to build layer image', () => assembleRoot(invocation, has));
}

async function assembleRoot(
  invocation: DropInInvocation,
  has: ReadingFlags,
): Promise<AssembledTree> {
  const { flags, log, positionals } = invocation;
  const request = imageRequest(invocation, positionals[0] ?? '', { packages: true, date: true });
  const arch = canonicalArch(flags.string('build-arch') || hostArchitecture());
  requireBuildable(request.config);
  requireOneLayer(request.config);
  if (request.config.archs.length > 0)
    log.warn(`ignoring archs in config, only building for current arch (${arch})`);
  const base = baseImageOf(request, arch);
  const repositories = new ImageRepositories(invocation, has);
  const keys = await repositories.keys(request);
  const indexes = await repositories.indexes(request, {
    archs: [arch],
    keys,
    extra: () => (base === undefined ? [] : [baseIndex(base)]),
  });
  const present = new Set(base?.image.packages.map(({ name }) => name));
  const world = imageWorld(lockRequest(request), baseWorld(base));
  const solved = indexes
    .flatMap((one) => solveImage(world, one))
    .filter(({ record }) => !present.has(record.name));
  const assembled = await assemble({
    ...assemblyOf(request, { keys, base: base?.image }),
    config: request.config,
    recorded: unlockedConfig(request),
    arch,
    packages: await repositories.open(solved.map((one) => packageOf(one, arch))),
  });
  warnOfMissingFiles(assembled, log, arch);
  return assembled;
}

function requireOneLayer({ layering }: ImageConfig): void {
  if (layering === undefined || (layering.strategy === '' && layering.budget === 0)) return;
  throw new KilnError('IMAGE_CONFIG_INVALID', 'a file system has one layer, and layering is set', {
    hint: 'remove layering from the configuration',
  });
}
