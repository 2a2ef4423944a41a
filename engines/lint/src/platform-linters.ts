import { basename, dirname } from 'node:path/posix';
import type { TreeEntry } from '@kiln/build';
import { inSbomDirectory, type Linter, type LintSubject } from './finding.ts';

/** Names of other systems in paths; the first that fits counts. */
const platforms: readonly (readonly [platform: string, pattern: RegExp])[] = [
  ['macos', /darwin|mac[_-]?os|os[_-]?x/],
  ['windows', /windows|win32|win64/],
];

export const nonlinux: Linter = (subject) => {
  const references = filesOf(subject).flatMap(({ path }) => {
    const text = `${dirname(path)}\n${basename(path)}`.toLowerCase();
    const found = platforms.find(([, pattern]) => pattern.test(text));
    return found === undefined ? [] : [{ path, platform: found[0] }];
  });
  if (references.length === 0) return undefined;
  return {
    message: `${subject.tree.packageName} contains ${references.length} non-Linux reference(s)`,
    details: { references },
  };
};

/** Everything but directories; the SBOM's name is the package's, which melange takes for a reference, too. */
function filesOf({ tree, dialect }: LintSubject): readonly TreeEntry[] {
  return tree.entries.filter(
    ({ kind, path }) => kind !== 'directory' && (dialect === 'melange' || !inSbomDirectory(path)),
  );
}

const architectures =
  'i386 i686 x86_32 x86-32 ppc64 ppc64le powerpc s390x s390 mips mipsel mips64 riscv riscv64 sparc sparc64 ia64 m68k'.split(
    ' ',
  );

const supported = ['aarch64', 'arm64', 'amd64', 'x86_64', 'x86-64'];

export const unsupportedarch: Linter = (subject) => {
  const named = subject.dialect === 'melange' ? namedForMelange : namedIn;
  const files = filesOf(subject).flatMap(({ path }) => {
    const arch = named(path.toLowerCase());
    return arch === undefined ? [] : [{ path, arch }];
  });
  if (files.length === 0) return undefined;
  return {
    message: `${subject.tree.packageName} contains ${files.length} unsupported architecture reference(s)`,
    details: { files },
  };
};

const wholeWords = [...architectures]
  .sort((a, b) => b.length - a.length)
  .map((arch): readonly [string, RegExp] => [arch, new RegExp(`(?:^|[-_./])${arch}(?:$|[-_./])`)]);

/** An architecture that is a word of the path; one in the file's name counts only where no supported one is named. */
function namedIn(path: string): string | undefined {
  const wordOf = (text: string): string | undefined =>
    wholeWords.find(([, pattern]) => pattern.test(text))?.[0];
  const other = supported.some((arch) => path.includes(arch));
  return wordOf(dirname(path)) ?? (other ? undefined : wordOf(basename(path)));
}

/** A directory, other than the first, that begins with the name; a part of the file's name between separators. */
function namedForMelange(path: string): string | undefined {
  const directory = dirname(path);
  const name = basename(path);
  const other = supported.some((arch) => path.includes(arch));
  return architectures.find((arch) => {
    const inName = ['-', '_', '.'].some(
      (separator) =>
        name.includes(separator + arch + separator) ||
        name.includes(`${separator}${arch}.`) ||
        name.endsWith(separator + arch),
    );
    return directory.includes(`/${arch}`) || (inName && !other);
  });
}
