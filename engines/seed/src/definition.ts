import { KilnError, sortUnique } from '@kiln/base';
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
  /** Texts by path, which replace what is there. */
  readonly files: Readonly<Record<string, string>>;
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

/** What a catalog beside Kiln OS adds to the seed for its own recipes: the rest of the definition is the base's. */
export type SeedAddition = Pick<SeedDefinition, 'roots' | 'soProvides' | 'packages' | 'aliases'>;

const path = text().regex(/^(?!\/)(?!.*(^|\/)\.{0,2}(\/|$)).+$/, 'expected a relative path');
const links = z.record(path, text().min(1));
const files = z.record(path, text());

const names = z.array(text().min(1));
const changes = z.record(
  text(),
  z.object({
    links: links.optional(),
    files: files.optional(),
    drop: z.array(path).optional(),
    'drop-depends': z.array(text()).optional(),
  }),
);
const aliases = z.record(text(), z.object({ description: text(), depends: z.array(text()) }));

const schema = z.object({
  architecture: text().min(1),
  roots: names.min(1),
  drop: z.array(path),
  'so-provides': z.array(text()),
  packages: changes,
  aliases,
  base: z.object({
    name: text().min(1),
    directories: z.record(path, text().regex(/^[01]?[0-7]{3,4}$/, 'expected an octal mode')),
    links,
    files,
  }),
});

const additionSchema = z.object({
  adds: z.literal('seed', 'expected "seed": the definition adds to the seed of Kiln OS'),
  roots: names.optional(),
  'so-provides': z.array(text()).optional(),
  packages: changes.optional(),
  aliases: aliases.optional(),
});

/** Reads `seed.yaml`. Throws `YAML_INVALID`, `YAML_UNKNOWN_KEY`, `YAML_TYPE`, each with its position, `SEED_INVALID`. */
export function parseSeed(source: string, file: string): SeedDefinition {
  const read = decodeYaml(source, { schema, file });
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
    packages: packageChanges(read.packages),
    aliases: read.aliases,
    base: read.base,
  };
}

/**
 * Reads a `seed.yaml` that begins with `adds: seed`. Throws `YAML_INVALID`, `YAML_UNKNOWN_KEY`, `YAML_TYPE`, each with its
 * position.
 */
export function parseSeedAddition(source: string, file: string): SeedAddition {
  const read = decodeYaml(source, { schema: additionSchema, file });
  return {
    roots: read.roots ?? [],
    soProvides: read['so-provides'] ?? [],
    packages: packageChanges(read.packages ?? {}),
    aliases: read.aliases ?? {},
  };
}

/**
 * The definition with what others add to it. An addition changes nothing that is there: throws `SEED_INVALID` for a
 * package or an alias that is described twice.
 */
export function addToSeed(
  base: SeedDefinition,
  additions: readonly SeedAddition[],
): SeedDefinition {
  return additions.reduce<SeedDefinition>((seed, addition) => {
    for (const name of Object.keys(addition.packages))
      if (seed.packages[name] !== undefined) throw twice(`the package "${name}"`);
    for (const name of Object.keys(addition.aliases))
      if (seed.aliases[name] !== undefined || name === seed.base.name)
        throw twice(`the alias "${name}"`);
    return {
      ...seed,
      roots: sortUnique([...seed.roots, ...addition.roots]),
      soProvides: sortUnique([...seed.soProvides, ...addition.soProvides]),
      packages: { ...seed.packages, ...addition.packages },
      aliases: { ...seed.aliases, ...addition.aliases },
    };
  }, base);
}

function packageChanges(read: z.infer<typeof changes>): Record<string, PackageChanges> {
  return Object.fromEntries(
    Object.entries(read).map(([name, one]) => [
      name,
      {
        links: one.links ?? {},
        files: one.files ?? {},
        drop: one.drop ?? [],
        dropDepends: one['drop-depends'] ?? [],
      },
    ]),
  );
}

function twice(what: string): KilnError {
  return new KilnError('SEED_INVALID', `${what} is in two definitions of the seed`, {
    hint: 'an addition cannot change what is there',
  });
}
