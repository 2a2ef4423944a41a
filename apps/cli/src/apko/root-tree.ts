import { assemble } from '@kiln/assemble';
import type { AssembledTree } from '@kiln/assemble';
import { KilnError } from '@kiln/base';
import { buildProblems, canonicalArch } from '@kiln/image-config';
import { imageWorld, solveImage } from '@kiln/solve';
import type { DropInInvocation } from '../drop-in/subcommand.ts';
import { hostArchitecture } from '../local/architecture.ts';
import { baseImageOf, baseIndex, baseWorld } from './base-image.ts';
import { inContext } from './in-context.ts';
import { warnOfMissingFiles } from './missing-files.ts';
import { ImageRepositories, packageOf } from './repositories.ts';
import type { ReadingFlags } from './repositories.ts';
import { imageRepositories, imageRequest, lockRequest, unlockedConfig } from './request.ts';

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
  const { epochSeconds, isFixed } = request.date;
  const assembled = await assemble({
    dialect: 'apko',
    config: request.config,
    recorded: unlockedConfig(request),
    arch,
    packages: await repositories.open(solved.map((one) => packageOf(one, arch))),
    appendedPackages: request.appended.packages,
    repositories: imageRepositories(request),
    keyring: keys,
    sourceDateEpochSeconds: epochSeconds,
    ...(base === undefined ? {} : { base: base.image }),
    ...(isFixed ? { buildDateSeconds: epochSeconds } : {}),
  });
  warnOfMissingFiles(assembled, log, arch);
  return assembled;
}

function requireOneLayer(config: Parameters<typeof buildProblems>[0]): void {
  const [problem] = buildProblems(config);
  if (problem !== undefined)
    throw new KilnError('IMAGE_CONFIG_INVALID', problem.message, { hint: problem.hint });
  const { layering } = config;
  if (layering === undefined || (layering.strategy === '' && layering.budget === 0)) return;
  throw new KilnError('IMAGE_CONFIG_INVALID', 'a file system has one layer, and layering is set', {
    hint: 'remove layering from the configuration',
  });
}
