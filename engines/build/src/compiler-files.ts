import { fullVersionOf, type CompiledRecipe } from '@kiln/recipe';
import { cpeOf } from './cpe.ts';
import type { WorkspaceFile } from './workspace.ts';

/** The versions of clang that may be in a guest. */
const clangVersions = { first: 15, last: 42 };

/**
 * Files through which compilers put a note into what they link that says which package it belongs to (packages.md 7.2; the
 * note is the UAPI group's "package metadata for executable files"): a spec file for GCC, configurations for clang, a C
 * header. Clang's are for guests that have it: a folder `.config` is among them.
 */
export function compilerFiles(
  compiled: CompiledRecipe,
  namespace: string,
  { clang }: { readonly clang: boolean },
): readonly WorkspaceFile[] {
  const note = packageNote(compiled, namespace);
  const file = (path: string, text: string): WorkspaceFile => ({
    path,
    mode: 0o644,
    content: Buffer.from(text),
  });
  const clangFiles = [file('.melange.clang.cfg', `-Xlinker --package-metadata='${note}'\n`)];
  for (let version = clangVersions.first; version <= clangVersions.last; version++) {
    for (const arch of ['aarch64', 'x86_64']) {
      for (const driver of ['clang', 'clang++']) {
        const name = `clang-${version}/${arch}-unknown-linux-gnu-${driver}.cfg`;
        clangFiles.push(file(`.config/${name}`, `@../../.melange.clang.cfg\n@/etc/${name}\n`));
      }
    }
  }
  return [
    file('.melange.gcc.spec', `*link:\n+ %{!r:--package-metadata=${note}}\n`),
    file('.melange.fdo.h', noteHeader(note)),
    ...(clang ? clangFiles : []),
  ];
}

function packageNote({ package: origin, arch }: CompiledRecipe, namespace: string): string {
  const cpe = cpeOf(origin);
  return JSON.stringify({
    type: 'apk',
    os: namespace,
    name: origin.name,
    version: fullVersionOf(origin),
    architecture: arch,
    ...(cpe === '' ? {} : { appCpe: cpe }),
  });
}

/** Defines the note (type 0xcafe1a7e, owner `FDO`) for programs that include it. */
function noteHeader(note: string): string {
  const literal = `"${note.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  return [
    '#ifndef KILN_PACKAGE_NOTE',
    '#define KILN_PACKAGE_NOTE',
    '#ifdef __ELF__',
    'struct kiln_package_note {',
    '  unsigned int owner_size, text_size, type;',
    '  char owner[4];',
    `  char text[sizeof(${literal})];`,
    '};',
    '__attribute__((used, retain, section(".note.package"), aligned(4)))',
    'static const struct kiln_package_note kiln_package_note = {',
    `  4, sizeof(${literal}), 0xcafe1a7e, "FDO", ${literal}`,
    '};',
    '#endif',
    '#endif',
    '',
  ].join('\n');
}
