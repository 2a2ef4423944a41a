import { counted } from '@kiln/base';
import type { FileEntry } from '@kiln/build';
import { readSections, type ElfFile, type GoReading } from '@kiln/elf';
import { quoteForCondition } from '@kiln/recipe';
import { extension } from './extension.ts';
import { inSbomDirectory, type Complaint, type Linter, type LintSubject } from './finding.ts';
import { machineName } from './machine-names.ts';

/** Files that can be run, or whose last extension is that of a library or archive. */
function programFiles({ tree }: LintSubject): readonly FileEntry[] {
  return tree.entries.filter(
    (entry): entry is FileEntry => entry.kind === 'file' && isProgram(entry),
  );
}

function isProgram({ path, mode }: { readonly path: string; readonly mode: number }): boolean {
  if (inSbomDirectory(path)) return false;
  return (mode & 0o111) !== 0 || /\.(?:a|so|dylib)/.test(extension(path));
}

interface Program<T> {
  readonly file: FileEntry;
  readonly elf: T;
}

function programsOf(subject: LintSubject): readonly Program<ElfFile>[] {
  return programFiles(subject).flatMap((file) => {
    const elf = subject.elves.byPath.get(file.path);
    return elf === undefined ? [] : [{ file, elf }];
  });
}

/** The same as melange reads them: in Go, with the reason in place of what Go refuses. */
function programsOfMelange(subject: LintSubject): readonly Program<GoReading | string>[] {
  return programFiles(subject).flatMap((file) => {
    const elf = subject.elves.asGo.get(file.path);
    return elf === undefined ? [] : [{ file, elf }];
  });
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

function architectureOf(machine: number): string {
  return architectures[machine] ?? `unknown (${machineName(machine)})`;
}

export const binaryarch: Linter = (subject) => {
  const programs: readonly Program<{ readonly machine: number } | string>[] =
    subject.dialect === 'melange' ? programsOfMelange(subject) : programsOf(subject);
  const binaries = programs.flatMap(({ file, elf }) =>
    typeof elf === 'string' || supported.has(elf.machine)
      ? []
      : [{ path: file.path, arch: architectureOf(elf.machine) }],
  );
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
  if (subject.dialect === 'melange') return stripOfMelange(subject);
  const binaries: string[] = [];
  for (const { file, elf } of programsOf(subject)) {
    if (file.path.startsWith('usr/lib/debug/')) continue;
    const sections = await readSections(file, elf);
    if (sections.some(({ name }) => /^\.z?debug/.test(name) && name !== '.debug_gdb_scripts'))
      binaries.push(file.path);
  }
  return unstripped(subject, binaries);
};

function stripOfMelange(subject: LintSubject): Complaint | undefined {
  const binaries: string[] = [];
  for (const { file, elf } of programsOfMelange(subject)) {
    if (typeof elf === 'string')
      return {
        message: `could not open file ${quoteForCondition(file.path)} as executable: ${elf}`,
      };
    if (elf.sectionNames.some((name) => name === '.debug' || name === '.zdebug'))
      binaries.push(file.path);
  }
  return unstripped(subject, binaries);
}

function unstripped({ tree }: LintSubject, binaries: readonly string[]): Complaint | undefined {
  if (binaries.length === 0) return undefined;
  const what = counted(binaries.length, 'unstripped binary', 'unstripped binaries');
  return { message: `${tree.packageName} contains ${what}`, details: { binaries } };
}
