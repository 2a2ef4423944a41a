import { shorten } from '@kiln/base';
import type { FileCapability } from './recipe.ts';

/** The file capabilities that recipes may set, and their bits (packages.md 2.7). */
export const capabilityBits: Readonly<Record<string, number>> = {
  cap_net_bind_service: 10,
  cap_net_admin: 12,
  cap_net_raw: 13,
  cap_ipc_lock: 14,
  cap_sys_admin: 21,
};

/** What is wrong with an entry of `setcap`; undefined: nothing. */
export function capabilityProblem({ path, add, reason }: FileCapability): string | undefined {
  for (const names of Object.keys(add)) {
    const unknown = names.split(',').find((name) => !Object.hasOwn(capabilityBits, name));
    if (unknown !== undefined)
      return `unknown capability "${shorten(unknown)}" for "${shorten(path)}"`;
  }
  return reason === '' ? `the capabilities of "${shorten(path)}" have no reason` : undefined;
}
