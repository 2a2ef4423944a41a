import { extname } from 'node:path/posix';
import type { FileEntry } from '@kiln/build';
import { readSections, type ElfFile } from '@kiln/elf';
import {
  counted,
  inSbomDirectory,
  type Complaint,
  type Linter,
  type LintSubject,
} from './finding.ts';

interface Program {
  readonly file: FileEntry;
  readonly elf: ElfFile;
}

/** ELF files that can be run, or whose last extension is that of a library or archive. */
function programsOf({ tree, elves }: LintSubject): readonly Program[] {
  return tree.entries.flatMap((entry) => {
    const elf =
      entry.kind === 'file' && isProgram(entry) ? elves.byPath.get(entry.path) : undefined;
    return entry.kind === 'file' && elf !== undefined ? [{ file: entry, elf }] : [];
  });
}

function isProgram({ path, mode }: { readonly path: string; readonly mode: number }): boolean {
  if (inSbomDirectory(path)) return false;
  return (mode & 0o111) !== 0 || /\.(?:a|so|dylib)/.test(extname(path));
}

/** `e_machine` of what packages are for. */
const supported = new Set([62, 183]);

const architectures: Readonly<Record<number, string>> = {
  3: 'i386',
  8: 'mips',
  21: 'ppc64',
  22: 's390',
  40: 'arm',
  243: 'riscv',
};

/** Names that Go has for further machines, as melange shows them. */
const machines: Readonly<Record<number, string>> = {
  0: 'EM_NONE',
  2: 'EM_SPARC',
  4: 'EM_68K',
  6: 'EM_486',
  10: 'EM_MIPS_RS3_LE',
  15: 'EM_PARISC',
  18: 'EM_SPARC32PLUS',
  20: 'EM_PPC',
  42: 'EM_SH',
  43: 'EM_SPARCV9',
  50: 'EM_IA_64',
  83: 'EM_AVR',
  94: 'EM_XTENSA',
  105: 'EM_MSP430',
  190: 'EM_CUDA',
  247: 'EM_BPF',
  258: 'EM_LOONGARCH',
  0x9026: 'EM_ALPHA',
};

function architectureOf(machine: number): string {
  return architectures[machine] ?? `unknown (${machines[machine] ?? machine})`;
}

export const binaryarch: Linter = (subject) => {
  const binaries = programsOf(subject)
    .filter(({ elf }) => !supported.has(elf.machine))
    .map(({ file, elf }) => ({ path: file.path, arch: architectureOf(elf.machine) }));
  if (binaries.length === 0) return undefined;
  const what = counted(binaries.length, 'binary', 'binaries');
  return {
    message: `${subject.tree.packageName} contains ${what} compiled for unsupported architecture(s)`,
    details: { binaries },
  };
};

/**
 * Programs with debug information: sections `.debug…` and `.zdebug…`, but for scripts of the debugger, which programs
 * load; files of debug information alone lie where they belong. melange looks for sections of exactly two names, which
 * compilers no longer write, and stops at a file that only begins like an ELF file.
 */
export const strip: Linter = async (subject) => {
  const quirks = subject.dialect === 'melange';
  const broken = quirks ? brokenProgram(subject) : undefined;
  if (broken !== undefined) return broken;
  const binaries: string[] = [];
  for (const { file, elf } of programsOf(subject)) {
    if (!quirks && file.path.startsWith('usr/lib/debug/')) continue;
    const names = (await readSections(file, elf)).map(({ name }) => name);
    const unstripped = quirks
      ? names.includes('.debug') || names.includes('.zdebug')
      : names.some((name) => /^\.z?debug/.test(name) && name !== '.debug_gdb_scripts');
    if (unstripped) binaries.push(file.path);
  }
  if (binaries.length === 0) return undefined;
  const what = counted(binaries.length, 'unstripped binary', 'unstripped binaries');
  return { message: `${subject.tree.packageName} contains ${what}`, details: { binaries } };
};

function brokenProgram({ tree, elves }: LintSubject): Complaint | undefined {
  for (const entry of tree.entries) {
    if (entry.kind !== 'file' || !isProgram(entry)) continue;
    const reason = elves.broken.find((text) =>
      text.startsWith(`${tree.packageName}: ${entry.path}: `),
    );
    if (reason !== undefined)
      return {
        message: `could not open file ${JSON.stringify(entry.path)} as executable: ${reason}`,
      };
  }
  return undefined;
}
