import { sortUnique } from '@kiln/base';
import type { ConfigDialect, ImageConfig } from './types.ts';

/** What a `service-bundle` asks for beside the packages of the configuration. */
export const serviceSupervisorPackage: string = 's6';

const serviceSupervisorCommand = '/bin/s6-svscan /sv';

/**
 * The configuration with what apko fills in: default home directories, and for `service-bundle` the supervisor's
 * command and package (appended every time, also to a list that is locked already).
 */
export function completeImageConfig(config: ImageConfig): ImageConfig {
  const isBundle = config.entrypoint.type === 'service-bundle';
  const users = config.accounts.users.map((user) => ({
    ...user,
    homeDir: user.homeDir || `/home/${user.userName}`,
  }));
  return {
    ...config,
    accounts: { ...config.accounts, users },
    entrypoint: isBundle
      ? { ...config.entrypoint, command: serviceSupervisorCommand }
      : config.entrypoint,
    contents: isBundle
      ? {
          ...config.contents,
          packages: [...config.contents.packages, serviceSupervisorPackage],
        }
      : config.contents,
  };
}

/**
 * World entries of a solved image: `name=version`, followed by the `@tag` that the configuration asked the name with,
 * sorted bytewise. A name that it asks for with and without a tag keeps the tag; in dialect `apko` what is said last counts.
 */
export function lockedPackages(
  config: ImageConfig,
  packages: readonly { readonly name: string; readonly version: string }[],
  dialect: ConfigDialect = 'kiln',
): string[] {
  const pins = new Map<string, string>();
  for (const text of config.contents.packages) {
    const match = /^([^@=><~]+)(?:[=><~]+[^@]+)?(@[a-zA-Z0-9]+)?$/.exec(text);
    const [, name = '', pin = ''] = match ?? [];
    if (pin !== '' || dialect === 'apko') pins.set(name, pin);
  }
  return sortUnique(
    packages.map(({ name, version }) => `${name}=${version}${pins.get(name) ?? ''}`),
  );
}

/**
 * The configuration of one architecture's image: its packages locked, its one architecture named, repositories and keys
 * as sorted sets, nothing included and no version control address, as apko records it inside an image.
 */
export function lockImageConfig(
  config: ImageConfig,
  arch: string,
  packages: readonly string[],
): ImageConfig {
  return completeImageConfig({
    ...config,
    contents: {
      ...config.contents,
      buildRepositories: sortUnique(config.contents.buildRepositories),
      repositories: sortUnique(config.contents.repositories),
      keyring: sortUnique(config.contents.keyring),
      packages: [...packages],
    },
    archs: [arch],
    vcsUrl: '',
    include: '',
  });
}
