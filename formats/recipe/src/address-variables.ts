import { goNameOf, type Architecture } from './architecture.ts';
import type { Recipe } from './recipe.ts';

/** What the addresses of sources may name where a recipe is not compiled, as when its digests are looked up anew. */
export function addressVariables(
  { package: { name, version, epoch }, variables }: Recipe,
  arch: Architecture,
): ReadonlyMap<string, string> {
  return new Map([
    ...variables,
    ['package.name', name],
    ['package.version', version],
    ['package.epoch', String(epoch)],
    ['build.arch', arch],
    ['build.goarch', goNameOf(arch)],
  ]);
}
