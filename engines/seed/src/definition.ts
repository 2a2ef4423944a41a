import { KilnError } from '@kiln/base';
import { decodeYaml, text } from '@kiln/yaml';
import { z } from 'zod';

/** What a seed is made of: the parsed `seed.yaml`. */
export interface SeedDefinition {
  /** apk's word for the machine. */
  readonly architecture: string;
  /** Debian packages asked for; their closure and every essential package come along. */
  readonly roots: readonly string[];
  /** Paths (after the move under `usr`) that no package keeps, with all below them. */
  readonly drop: readonly string[];
  /** Packages whose sonames become `so:` provides. No others do, and none has `cmd:` provides. */
  readonly soProvides: readonly string[];
  /** What single packages gain and lose. */
  readonly packages: Readonly<Record<string, PackageChanges>>;
  /** Packages without files. */
  readonly aliases: Readonly<Record<string, SeedAlias>>;
  readonly base: SeedBase;
}

export interface PackageChanges {
  /** Symbolic links by path, which replace what is there. */
  readonly links: Readonly<Record<string, string>>;
  /** Paths it loses, with all below them. */
  readonly drop: readonly string[];
  /** Packages it depends on for parts that no build uses. */
  readonly dropDepends: readonly string[];
}

export interface SeedAlias {
  readonly description: string;
  readonly depends: readonly string[];
}

/** The package that every other one depends on: the root's links, directories and accounts. */
export interface SeedBase {
  readonly name: string;
  /** Path to octal mode, `0755`. */
  readonly directories: Readonly<Record<string, string>>;
  readonly links: Readonly<Record<string, string>>;
  /** Path to content. */
  readonly files: Readonly<Record<string, string>>;
}

const path = text().regex(/^(?!\/)(?!.*(^|\/)\.{0,2}(\/|$)).+$/, 'expected a relative path');
const links = z.record(path, text().min(1));

const schema = z.object({
  architecture: text().min(1),
  roots: z.array(text().min(1)).min(1),
  drop: z.array(path),
  'so-provides': z.array(text()),
  packages: z.record(
    text(),
    z.object({
      links: links.optional(),
      drop: z.array(path).optional(),
      'drop-depends': z.array(text()).optional(),
    }),
  ),
  aliases: z.record(text(), z.object({ description: text(), depends: z.array(text()) })),
  base: z.object({
    name: text().min(1),
    directories: z.record(path, text().regex(/^[01]?[0-7]{3,4}$/, 'expected an octal mode')),
    links,
    files: z.record(path, text()),
  }),
});

/** Reads `seed.yaml`. Throws `YAML_INVALID`, `YAML_UNKNOWN_KEY`, `YAML_TYPE`, each with its position, `SEED_INVALID`. */
export function parseSeed(source: string, file: string): SeedDefinition {
  const read = decodeYaml(source, { schema, file });
  const packages = Object.entries(read.packages).map(([name, changes]) => [
    name,
    {
      links: changes.links ?? {},
      drop: changes.drop ?? [],
      dropDepends: changes['drop-depends'] ?? [],
    },
  ]);
  if (read.aliases[read.base.name] !== undefined) {
    throw new KilnError(
      'SEED_INVALID',
      `"${read.base.name}" is both the base package and an alias`,
    );
  }
  return {
    architecture: read.architecture,
    roots: read.roots,
    drop: read.drop,
    soProvides: read['so-provides'],
    packages: Object.fromEntries(packages),
    aliases: read.aliases,
    base: read.base,
  };
}
