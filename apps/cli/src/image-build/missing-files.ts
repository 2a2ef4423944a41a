import type { FinishedTree } from '@kiln/assemble';
import type { Logger } from '@kiln/base';
import { apkArch } from './architectures.ts';

const expected = ['/etc/passwd', '/etc/group', '/etc/os-release'];

/** Warns of files that most programs expect of a system. */
export function warnOfMissingFiles({ tree }: FinishedTree, log: Logger, arch: string): void {
  for (const path of expected)
    if (tree.at(path) === undefined) log.warn(`${path} is missing`, { arch: apkArch(arch) });
}
