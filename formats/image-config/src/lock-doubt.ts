import { shorten } from '@kiln/base';

/** The version of the form that is written and read. */
export const lockVersion = 'v1';

/** Neither begins a path or an option. */
const name = /^[a-zA-Z0-9_][a-zA-Z0-9_.+-]*$/;
const version = /^[0-9][a-zA-Z0-9_.+~-]*$/;

/** Why a lock of the right shape is not to be believed; undefined when nothing is wrong with it. */
export function doubtOfLock(lock: {
  readonly version: unknown;
  readonly packages: readonly {
    readonly name: string;
    readonly version: string;
    readonly architecture: string;
  }[];
}): string | undefined {
  if (lock.version !== lockVersion)
    return typeof lock.version === 'string'
      ? `version "${shorten(lock.version)}" is not known, only ${lockVersion}`
      : `does not say that its version is ${lockVersion}`;
  const seen = new Set<string>();
  for (const one of lock.packages) {
    const label = shorten(`${one.name}-${one.version}`);
    if (!name.test(one.name)) return `package ${label}: "${shorten(one.name)}" is no name`;
    if (!version.test(one.version))
      return `package ${label}: "${shorten(one.version)}" is no version`;
    const key = `${one.architecture} ${one.name}`;
    if (seen.has(key)) return `package ${label} is there twice for ${shorten(one.architecture)}`;
    seen.add(key);
  }
  return undefined;
}
