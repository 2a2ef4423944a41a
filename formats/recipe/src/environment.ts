import type { ImageConfig } from '@kiln/image-config';
import type { RecipeDialect } from './recipe.ts';

const buildUser = { userName: 'build', uid: 1000, gid: 1000, shell: '', homeDir: '' };
const buildGroup = { groupName: 'build', gid: 1000, members: ['build'] };

/** The configuration with the account that steps run as, where it does not define one of that name. */
export function withBuildAccount(config: ImageConfig): ImageConfig {
  const { users, groups } = config.accounts;
  return {
    ...config,
    accounts: {
      ...config.accounts,
      users: users.some(({ userName }) => userName === 'build') ? users : [...users, buildUser],
      groups: groups.some(({ groupName }) => groupName === 'build')
        ? groups
        : [...groups, buildGroup],
    },
  };
}

interface PackageChange {
  readonly add?: readonly string[] | undefined;
  readonly remove?: readonly string[] | undefined;
}

/**
 * The packages of an environment with the changes of the chosen options. The reference puts the last package in the place
 * of one that it removes, which the compiled form shows.
 */
export function withOptionPackages(
  packages: readonly string[],
  changes: readonly PackageChange[],
  dialect: RecipeDialect,
): readonly string[] {
  let list = [...packages];
  for (const { add = [], remove = [] } of changes) {
    list.push(...add);
    for (const name of remove) {
      if (dialect === 'kiln') list = list.filter((one) => one !== name);
      else removeBySwap(list, name);
    }
  }
  return list;
}

function removeBySwap(list: string[], name: string): void {
  const length = list.length;
  for (let at = 0; at < Math.min(length, list.length); at++) {
    if (list[at] !== name) continue;
    const last = list.pop();
    if (last !== undefined && at < list.length) list[at] = last;
  }
}
