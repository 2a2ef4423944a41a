import type { Digest } from '@kiln/base';
import { KilnError, canonicalJson, compareBytes, digestOf, messageOf } from '@kiln/base';
import { parseImageConfig } from '@kiln/image-config';
import type { Key } from '@kiln/queue';
import type { Architecture } from '@kiln/recipe';
import { parseSeedAddition } from '@kiln/seed';
import type { Bundle, CatalogSettings, SeedAdditionText, SideFile } from './bundle.ts';
import { parseCatalogSettings } from './bundle.ts';
import type { ImageFacts } from './image-test.ts';
import { parseImageTest } from './image-test.ts';
import { imageKey, indexKey, packageKey, seedKey } from './keys.ts';
import type { PipelineText, RecipeFacts } from './recipe-facts.ts';
import { nameOfAtom, readRecipeFacts } from './recipe-facts.ts';
import type { CatalogProblem, Desired } from './records.ts';

/** A file of a catalog: its text or bytes are in a blob; small texts come with it. */
export interface CatalogFile {
  /** Relative to the catalog, `/` between components. */
  readonly path: string;
  readonly blob: Digest;
  readonly executable: boolean;
  /** The content of `.yaml` files. */
  readonly text: string | undefined;
}

/** One catalog as it was read; `label` is how its files are named in errors. */
export interface CatalogSource {
  readonly label: string;
  readonly files: readonly CatalogFile[];
}

export interface DesiredCatalog {
  readonly name: string;
  readonly desired: readonly Desired[];
  readonly problems: readonly CatalogProblem[];
}

export interface ReadCatalogs {
  readonly catalogs: readonly DesiredCatalog[];
  /** The bundles that the desired states name, to be stored as blobs. */
  readonly bundles: ReadonlyMap<Digest, Uint8Array>;
}

/** What a key was last told to be, when its file could be read. */
export interface LastGood {
  readonly desired: Desired;
  readonly bundle: Bundle;
}

interface RecipeEntry {
  readonly catalog: Catalog;
  readonly file: CatalogFile;
  readonly facts: RecipeFacts;
  readonly key: Key;
  /** The desired state to keep, because the file cannot be read as it is now. */
  readonly kept?: Desired;
}

interface ImageEntry {
  readonly catalog: Catalog;
  readonly name: string;
  readonly file: CatalogFile;
  readonly test: CatalogFile;
  readonly facts: ImageFacts;
}

interface Catalog {
  readonly source: CatalogSource;
  readonly settings: CatalogSettings;
  readonly problems: CatalogProblem[];
  readonly recipes: RecipeEntry[];
  readonly images: ImageEntry[];
  /** Desired states of images whose files cannot be read as they are now. */
  readonly keptImages: Desired[];
  /** What the catalog adds to the seed of the base: its `seed.yaml`, or the last one that could be read. */
  readonly seedAdditions: SeedAdditionText[];
}

/**
 * The desired state that catalogs say, the first being the base (Kiln OS) that the later ones build upon.
 * Which repository provides a name is decided here, by declaration: a name that a recipe of any catalog gives (its
 * packages and declared provides) comes from that recipe and is waited for, every other name comes from the seed.
 * A file that cannot be read becomes a problem of its key; the others are not touched by it, and the key stays what
 * `lastGood` says it was. Pure.
 */
export function readCatalogs(
  sources: readonly CatalogSource[],
  arch: Architecture,
  lastGood: ReadonlyMap<Key, LastGood> = new Map(),
): ReadCatalogs {
  const catalogs: Catalog[] = [];
  for (const source of sources) catalogs.push(readCatalog(source, catalogs, arch, lastGood));
  let graph = new Graph(catalogs);
  if (refuseCycles(catalogs, graph, lastGood)) graph = new Graph(catalogs);
  const bundles = new Map<Digest, Uint8Array>();
  const desired = (
    key: Key,
    name: string,
    catalog: string,
    bundle: Bundle,
    dependsOn: readonly Key[],
    mayNeed: readonly Key[] = [],
  ): Desired => {
    const bytes = Buffer.from(canonicalJson(bundle));
    const digest = digestOf(bytes);
    bundles.set(digest, bytes);
    return {
      key,
      kind: bundle.kind,
      name,
      catalog,
      bundle: digest,
      dependsOn: sortKeys(dependsOn),
      mayNeed: sortKeys(mayNeed),
    };
  };
  return {
    bundles,
    catalogs: catalogs.map((catalog) => ({
      name: catalog.settings.name,
      problems: catalog.problems,
      desired: [
        ...(catalog === catalogs[0] ? seedOf(catalogs, arch, desired) : []),
        ...catalog.recipes.map((recipe) => desiredPackage(recipe, graph, arch, desired)),
        desiredIndex(catalog, arch, desired),
        ...catalog.images.map((image) => desiredImage(image, catalogs, graph, arch, desired)),
        ...catalog.keptImages,
      ],
    })),
  };
}

type MakeDesired = (
  key: Key,
  name: string,
  catalog: string,
  bundle: Bundle,
  dependsOn: readonly Key[],
  mayNeed?: readonly Key[],
) => Desired;

function sortKeys(keys: readonly Key[]): Key[] {
  return [...new Set(keys)].sort(compareBytes);
}

function seedOf(catalogs: readonly Catalog[], arch: Architecture, make: MakeDesired): Desired[] {
  const [base] = catalogs;
  const source = base?.source.files.find((one) => one.path === 'seed.yaml')?.text;
  if (base === undefined || source === undefined) return [];
  const additions = catalogs.flatMap(({ seedAdditions }) => seedAdditions);
  const bundle: Bundle = {
    kind: 'seed',
    arch,
    epochSeconds: base.settings.epochSeconds,
    source,
    ...(additions.length === 0 ? {} : { additions }),
  };
  return [make(seedKey(arch), 'seed', base.settings.name, bundle, [])];
}

function desiredPackage(
  recipe: RecipeEntry,
  graph: Graph,
  arch: Architecture,
  make: MakeDesired,
): Desired {
  if (recipe.kept !== undefined) return recipe.kept;
  const { settings } = recipe.catalog;
  const closure = graph.environmentOf(recipe).map((one) => one.key);
  const bundle: Bundle = {
    kind: 'package',
    name: recipe.facts.name,
    arch,
    settings,
    file: recipe.file.path,
    source: recipe.file.text ?? '',
    pipelines: recipe.facts.pipelines,
    sideFiles: sideFilesOf(recipe),
    closure,
    seed: seedKey(arch),
  };
  return make(recipe.key, recipe.facts.name, settings.name, bundle, [seedKey(arch), ...closure]);
}

function sideFilesOf(recipe: RecipeEntry): SideFile[] {
  const folder = `recipes/${recipe.facts.name}/`;
  return recipe.catalog.source.files
    .filter((file) => file.path.startsWith(folder))
    .map((file) => ({
      path: file.path.slice(folder.length),
      blob: file.blob,
      executable: file.executable,
    }));
}

function desiredIndex(catalog: Catalog, arch: Architecture, make: MakeDesired): Desired {
  const packages = sortKeys(catalog.recipes.map((recipe) => recipe.key));
  const repository = catalog.settings.name;
  return make(
    indexKey(repository, arch),
    repository,
    repository,
    { kind: 'index', repository, arch, packages },
    packages,
  );
}

function desiredImage(
  image: ImageEntry,
  catalogs: readonly Catalog[],
  graph: Graph,
  arch: Architecture,
  make: MakeDesired,
): Desired {
  const { settings } = image.catalog;
  const closure = graph.closure(image.facts.packages, false).map((one) => one.key);
  const optional = graph.substituted().filter((key) => !closure.includes(key));
  // The image's own catalog comes first, so that a person's package wins over one of Kiln OS at the same version.
  const repositories = [
    settings.name,
    ...catalogs.map((one) => one.settings.name).filter((name) => name !== settings.name),
  ];
  const bundle: Bundle = {
    kind: 'image',
    name: image.name,
    arch,
    settings,
    file: image.file.path,
    source: image.file.text ?? '',
    testFile: image.test.path,
    testSource: image.test.text ?? '',
    closure,
    optional,
    repositories,
  };
  const indexes = repositories.map((repository) => indexKey(repository, arch));
  return make(
    imageKey(image.name),
    image.name,
    settings.name,
    bundle,
    [...closure, ...indexes],
    optional,
  );
}

function readCatalog(
  source: CatalogSource,
  before: readonly Catalog[],
  arch: Architecture,
  lastGood: ReadonlyMap<Key, LastGood>,
): Catalog {
  const base = before[0]?.settings;
  const file = source.files.find((one) => one.path === 'catalog.yaml');
  if (file?.text === undefined) {
    throw new KilnError('CATALOG_NOT_FOUND', `${source.label} has no catalog.yaml`, {
      hint: 'kiln init DIR makes a catalog; --catalog names its folder',
    });
  }
  const settings = parseCatalogSettings(file.text, `${source.label}/catalog.yaml`, base);
  if (before.some((one) => one.settings.name === settings.name)) {
    throw new KilnError('CATALOG_NAME_TAKEN', `two catalogs are called "${settings.name}"`, {
      hint: 'give yours another name in its catalog.yaml',
    });
  }
  const catalog: Catalog = {
    source,
    settings,
    problems: [],
    recipes: [],
    images: [],
    keptImages: [],
    seedAdditions: [],
  };
  const pipelines = (name: string): PipelineText | undefined => {
    for (const one of [catalog, ...before]) {
      const found = one.source.files.find((entry) => entry.path === `pipelines/${name}.yaml`);
      if (found?.text !== undefined)
        return { file: `${one.source.label}/${found.path}`, text: found.text };
    }
    return undefined;
  };
  const taken = new Set<string>(before.flatMap((one) => one.recipes.map((recipe) => recipe.key)));
  const takenImages = new Set(before.flatMap((one) => one.images.map((image) => image.name)));
  for (const entry of source.files) {
    const recipe = /^recipes\/([^/]+)\.yaml$/.exec(entry.path)?.[1];
    if (recipe !== undefined)
      addRecipe(catalog, entry, recipe, { arch, pipelines, taken, lastGood });
    const image = /^images\/([^/]+?)(\.test)?\.yaml$/.exec(entry.path);
    if (image?.[1] !== undefined && image[2] === undefined)
      addImage(catalog, entry, image[1], takenImages, lastGood);
    if (entry.path === 'seed.yaml' && before.length > 0)
      addSeedAddition(catalog, entry, seedKey(arch), lastGood);
  }
  return catalog;
}

function problemOf(catalog: Catalog, key: Key, error: unknown): CatalogProblem {
  return {
    catalog: catalog.settings.name,
    key,
    code: error instanceof KilnError ? error.code : 'INTERNAL',
    message: messageOf(error),
    hint: error instanceof KilnError ? (error.hint ?? '') : '',
  };
}

function addRecipe(
  catalog: Catalog,
  file: CatalogFile,
  name: string,
  context: {
    arch: Architecture;
    pipelines(name: string): PipelineText | undefined;
    taken: ReadonlySet<string>;
    lastGood: ReadonlyMap<Key, LastGood>;
  },
): void {
  const key = packageKey(name, context.arch);
  try {
    const facts = readRecipeFacts({
      text: file.text ?? '',
      file: `${catalog.source.label}/${file.path}`,
      arch: context.arch,
      pipelines: context.pipelines,
    });
    if (facts === undefined) return;
    if (facts.name !== name) {
      throw new KilnError('CATALOG_FILE_NAME', `${file.path} is the recipe of "${facts.name}"`, {
        hint: `call the file recipes/${facts.name}.yaml`,
      });
    }
    if (context.taken.has(key)) {
      throw new KilnError('CATALOG_RECIPE_TAKEN', `another catalog has a recipe "${name}" too`, {
        hint: 'give yours another name',
      });
    }
    catalog.recipes.push({ catalog, file, facts, key });
  } catch (error) {
    catalog.problems.push(problemOf(catalog, key, error));
    const kept = keptRecipe(catalog, file, context.lastGood.get(key));
    if (kept !== undefined) catalog.recipes.push(kept);
  }
}

/** The recipe as it was when it could be read, undefined when it never was in this catalog. */
function keptRecipe(
  catalog: Catalog,
  file: CatalogFile,
  last: LastGood | undefined,
): RecipeEntry | undefined {
  if (last?.bundle.kind !== 'package' || last.desired.catalog !== catalog.settings.name)
    return undefined;
  const { source, pipelines, arch } = last.bundle;
  try {
    const facts = readRecipeFacts({
      text: source,
      file: last.bundle.file,
      arch,
      pipelines: (name) => {
        const text = pipelines[name];
        return text === undefined ? undefined : { file: `pipelines/${name}.yaml`, text };
      },
    });
    if (facts === undefined) return undefined;
    return { catalog, file, facts, key: last.desired.key, kept: last.desired };
  } catch {
    // It is of an older Kiln, which read recipes in another way.
    return undefined;
  }
}

function addImage(
  catalog: Catalog,
  file: CatalogFile,
  name: string,
  taken: ReadonlySet<string>,
  lastGood: ReadonlyMap<Key, LastGood>,
): void {
  try {
    if (taken.has(name)) {
      throw new KilnError('CATALOG_IMAGE_TAKEN', `another catalog has an image "${name}" too`, {
        hint: 'give yours another name',
      });
    }
    const config = parseImageConfig(file.text ?? '', `${catalog.source.label}/${file.path}`);
    const test = catalog.source.files.find((one) => one.path === `images/${name}.test.yaml`);
    if (test?.text === undefined) {
      throw new KilnError('CATALOG_IMAGE_UNTESTED', `the image "${name}" has no tests`, {
        hint: `write images/${name}.test.yaml: no image is tagged untested`,
      });
    }
    const tests = parseImageTest(test.text, `${catalog.source.label}/${test.path}`);
    catalog.images.push({
      catalog,
      name,
      file,
      test,
      facts: { packages: [...config.contents.packages, ...tests.packages] },
    });
  } catch (error) {
    catalog.problems.push(problemOf(catalog, imageKey(name), error));
    const last = lastGood.get(imageKey(name));
    if (last?.bundle.kind === 'image' && last.desired.catalog === catalog.settings.name)
      catalog.keptImages.push(last.desired);
  }
}

function addSeedAddition(
  catalog: Catalog,
  entry: CatalogFile,
  key: Key,
  lastGood: ReadonlyMap<Key, LastGood>,
): void {
  const file = `${catalog.source.label}/${entry.path}`;
  const text = entry.text ?? '';
  try {
    parseSeedAddition(text, file);
    catalog.seedAdditions.push({ file, text });
  } catch (error) {
    catalog.problems.push(problemOf(catalog, key, error));
    const last = lastGood.get(key)?.bundle;
    if (last?.kind === 'seed')
      catalog.seedAdditions.push(...(last.additions ?? []).filter((one) => one.file === file));
  }
}

/** Takes recipes out that cannot be built because each waits for the other; true when there were any. */
function refuseCycles(
  catalogs: readonly Catalog[],
  graph: Graph,
  lastGood: ReadonlyMap<Key, LastGood>,
): boolean {
  const environments = new Map<Key, ReadonlySet<Key>>();
  for (const catalog of catalogs) {
    for (const recipe of catalog.recipes)
      environments.set(recipe.key, new Set(graph.environmentOf(recipe).map((one) => one.key)));
  }
  let found = false;
  for (const catalog of catalogs) {
    const cyclic = catalog.recipes.filter((recipe) => {
      const other = [...(environments.get(recipe.key) ?? [])].find(
        (key) => environments.get(key)?.has(recipe.key) === true,
      );
      if (other === undefined) return false;
      const error = new KilnError(
        'CATALOG_CYCLE',
        `${recipe.key} is built with ${other}, which is built with or depends on ${recipe.key}`,
        {
          hint: 'take one of the two out of environment.contents.packages or dependencies.runtime',
        },
      );
      catalog.problems.push(problemOf(catalog, recipe.key, error));
      return true;
    });
    for (const recipe of cyclic) {
      const kept = keptRecipe(catalog, recipe.file, lastGood.get(recipe.key));
      const at = catalog.recipes.indexOf(recipe);
      catalog.recipes.splice(at, 1, ...(kept === undefined ? [] : [kept]));
    }
    found ||= cyclic.length > 0;
  }
  return found;
}

/** Who provides what, by declaration. */
class Graph {
  readonly #byName = new Map<string, RecipeEntry>();
  readonly #recipes: readonly RecipeEntry[];
  readonly #fromSeed: ReadonlySet<string>;

  constructor(catalogs: readonly Catalog[]) {
    this.#recipes = catalogs.flatMap((catalog) => catalog.recipes);
    // Later catalogs do not take names away from earlier ones.
    for (const recipe of this.#recipes) {
      for (const name of recipe.facts.names)
        if (!this.#byName.has(name)) this.#byName.set(name, recipe);
    }
    this.#fromSeed = new Set(catalogs.flatMap((catalog) => catalog.settings.fromSeed));
  }

  /** Keys of the recipes whose role the seed plays in build environments. */
  substituted(): Key[] {
    return this.#recipes
      .filter((recipe) => this.#fromSeed.has(recipe.facts.name))
      .map((recipe) => recipe.key);
  }

  environmentOf(recipe: RecipeEntry): readonly RecipeEntry[] {
    return this.closure(
      [...recipe.catalog.settings.environmentPackages, ...recipe.facts.environment],
      true,
    ).filter((one) => one !== recipe);
  }

  /**
   * The recipes whose packages may be needed for these atoms: those that give the names, then what their packages
   * depend on, then what they were built with, for libraries get in that way. In byte order of the keys.
   */
  closure(atoms: readonly string[], inEnvironment: boolean): readonly RecipeEntry[] {
    const found = new Map<string, RecipeEntry>();
    const visit = (names: readonly string[]): void => {
      for (const name of names) {
        const recipe = this.#byName.get(name);
        if (recipe === undefined || found.has(recipe.key)) continue;
        if (inEnvironment && this.#fromSeed.has(recipe.facts.name)) continue;
        found.set(recipe.key, recipe);
        visit(recipe.facts.runtime.map(nameOfAtom));
        visit(
          recipe.facts.environment
            .map(nameOfAtom)
            .filter((one) => !this.#fromSeed.has(this.#byName.get(one)?.facts.name ?? '')),
        );
      }
    };
    visit(atoms.map(nameOfAtom));
    return [...found.values()].sort((a, b) => compareBytes(a.key, b.key));
  }
}
