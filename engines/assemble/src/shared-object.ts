import { KilnError } from '@kiln/base';
import { readElf } from '@kiln/elf';
import type { ByteSource } from '@kiln/elf';

/** What a shared object says of itself to the loader. */
export interface SharedObject {
  /** `e_machine`. */
  readonly machine: number;
  readonly soname?: string;
}

/** Whether the loader may take a file of this name for a library. */
export function isLibraryName(name: string): boolean {
  return /^(?:lib|ld-).*\.so(?:\.[^/]+)?$/.test(name);
}

/** What the loader needs to know of a file; undefined for what is no proper shared object, which is none of its business. */
export async function sharedObject(source: ByteSource): Promise<SharedObject | undefined> {
  try {
    const elf = await readElf(source);
    if (elf?.type !== 'shared') return undefined;
    const { machine, sonames } = elf;
    const [soname] = sonames;
    return soname === undefined ? { machine } : { machine, soname };
  } catch (error) {
    if (error instanceof KilnError && error.code === 'ELF_INVALID') return undefined;
    throw error;
  }
}
