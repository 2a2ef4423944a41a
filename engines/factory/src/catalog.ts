import type { Digest } from '@kiln/base';
import { KilnError, canonicalJson, compareBytes, digestOf, messageOf } from '@kiln/base';
import { completeImageConfig } from '@kiln/image-config';
import type { Key } from '@kiln/queue';
import type { Architecture } from '@kiln/recipe';
import { parseSeedAddition } from '@kiln/seed';
import type {
  Bundle,
  CatalogSettings,
  PackageBundle,
  SeedAdditionText,
  SideFile,
  TestGuest,
} from './bundle.ts';
import { parseCatalogDocument } from './bundle.ts';
import type { ImageFacts } from './image-test.ts';
import { parseImageTest } from './image-test.ts';
import { wholeImage } from './included-image.ts';
import { imageKey, indexKey, packageKey, parseKey, seedKey, testKey } from './keys.ts';
import { neededFor } from './needed.ts';
import type { PipelineText, RecipeFacts, TestFacts } from './recipe-facts.ts';
import { RecipeFactsReader, nameOfAtom } from './recipe-facts.ts';
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
  /** The state to keep, because the file cannot be read as it is now. */
  readonly kept?: { readonly desired: Desired; readonly bundle: PackageBundle };
}

interface ImageEntry {
  readonly catalog: Catalog;
  readonly name: string;
  readonly file: CatalogFile;
  /** The configuration, with what it includes. */
  readonly configuration: string;
  readonly test: CatalogFile;
  readonly facts: ImageFacts;
}

interface Catalog {
  readonly source: CatalogSource;
  readonly settings: CatalogSettings;
  /** Names of the images that are to be ready first. */
  readonly first: readonly string[];
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
 * `lastGood` says it was. Pure but for what `reader` remembers.
 */
export function readCatalogs(
  sources: readonly CatalogSource[],
  arch: Architecture,
  lastGood: ReadonlyMap<Key, LastGood> = new Map(),
  reader: RecipeFactsReader = new RecipeFactsReader(),
): ReadCatalogs {
  const catalogs: Catalog[] = [];
  for (const source of sources)
    catalogs.push(readCatalog(source, catalogs, { arch, lastGood, reader }));
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
  const read = catalogs.map((catalog): DesiredCatalog => ({
    name: catalog.settings.name,
    problems: catalog.problems,
    desired: [
      ...(catalog === catalogs[0] ? seedOf(catalogs, arch, desired) : []),
      ...catalog.recipes.map((recipe) => desiredPackage(recipe, graph, arch, desired)),
      ...catalog.recipes.filter(isTested).map((recipe) => desiredTest(recipe, graph, desired)),
      desiredIndex(catalogs.slice(0, catalogs.indexOf(catalog)), catalog, arch, desired),
      ...catalog.images.map((image) => desiredImage(image, catalogs, graph, arch, desired)),
      ...catalog.keptImages,
    ],
  }));
  return {
    bundles,
    catalogs: withFirst(
      read,
      catalogs.flatMap(({ first }) => first),
    ),
  };
}

/** Marks what these images need, and nothing else: a state that is kept may still bear the mark of an earlier time. */
function withFirst(
  catalogs: readonly DesiredCatalog[],
  names: readonly string[],
): readonly DesiredCatalog[] {
  const needed = neededFor(
    catalogs.flatMap(({ desired }) => desired),
    names,
  );
  return catalogs.map((catalog) => ({
    ...catalog,
    desired: catalog.desired.map((one) => {
      const { first: _, ...rest } = one;
      return needed.has(one.key) ? { ...rest, first: true } : rest;
    }),
  }));
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
  if (recipe.kept !== undefined) return recipe.kept.desired;
  const bundle = packageBundle(recipe, graph, arch);
  const { name } = recipe.facts;
  const catalog = bundle.settings.name;
  return make(recipe.key, name, catalog, bundle, [bundle.seed, ...bundle.closure]);
}

function packageBundle(recipe: RecipeEntry, graph: Graph, arch: Architecture): PackageBundle {
  const { settings } = recipe.catalog;
  const closure = graph.environmentOf(recipe).map((one) => one.key);
  return {
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
}

function isTested({ facts }: RecipeEntry): boolean {
  return facts.tests.length > 0;
}

/** The tests of a recipe, of the text that it is built from. */
function desiredTest(recipe: RecipeEntry, graph: Graph, make: MakeDesired): Desired {
  const { name, arch, settings, file, source, pipelines, seed } =
    recipe.kept?.bundle ?? packageBundle(recipe, graph, parseKey(recipe.key).arch as Architecture);
  const guests = recipe.facts.tests.map((test) => graph.testGuest(recipe, test));
  const bundle: Bundle = {
    kind: 'test',
    name,
    arch,
    settings,
    file,
    source,
    pipelines,
    package: recipe.key,
    guests,
    seed,
  };
  return make(
    testKey(name, arch),
    name,
    recipe.catalog.settings.name,
    bundle,
    [
      recipe.key,
      ...(guests.some((guest) => guest.seed) ? [seed] : []),
      ...guests.flatMap(({ closure }) => closure),
    ],
    guests.flatMap(({ optional }) => optional),
  );
}

/** The tests of those of these recipes that have any. */
function testsOf(recipes: readonly RecipeEntry[], arch: Architecture): readonly Key[] {
  return sortKeys(recipes.filter(isTested).map(({ facts }) => testKey(facts.name, arch)));
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

function desiredIndex(
  before: readonly Catalog[],
  catalog: Catalog,
  arch: Architecture,
  make: MakeDesired,
): Desired {
  const lower = before.flatMap(({ recipes }) => recipes);
  const packages = sortKeys(catalog.recipes.map((recipe) => recipe.key));
  const below = sortKeys(lower.map((recipe) => recipe.key));
  const tests = testsOf([...lower, ...catalog.recipes], arch);
  const repository = catalog.settings.name;
  return make(
    indexKey(repository, arch),
    repository,
    repository,
    { kind: 'index', repository, arch, packages, below, tests },
    [...packages, ...tests],
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
  const needed = graph.closure(image.facts.packages, false);
  const optional = graph.substituted().filter((one) => !needed.includes(one));
  const candidates = [...needed, ...optional];
  const made = graph.madeOf(candidates);
  const keysOf = (recipes: readonly RecipeEntry[]): Key[] => recipes.map(({ key }) => key);
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
    source: image.configuration,
    testFile: image.test.path,
    testSource: image.test.text ?? '',
    closure: keysOf(needed),
    optional: keysOf(optional),
    ingredients: sortKeys(keysOf(made.filter((one) => !candidates.includes(one)))),
    tests: testsOf(made, arch),
    repositories,
  };
  const indexes = repositories.map((repository) => indexKey(repository, arch));
  return make(
    imageKey(image.name),
    image.name,
    settings.name,
    bundle,
    [...keysOf(needed), ...indexes],
    keysOf(optional),
  );
}

interface ReadContext {
  readonly arch: Architecture;
  readonly lastGood: ReadonlyMap<Key, LastGood>;
  readonly reader: RecipeFactsReader;
}

function readCatalog(
  source: CatalogSource,
  before: readonly Catalog[],
  context: ReadContext,
): Catalog {
  const { arch, lastGood } = context;
  const base = before[0]?.settings;
  const file = source.files.find((one) => one.path === 'catalog.yaml');
  if (file?.text === undefined) {
    throw new KilnError('CATALOG_NOT_FOUND', `${source.label} has no catalog.yaml`, {
      hint: 'kiln init DIR makes a catalog; --catalog names its folder',
    });
  }
  const { settings, first } = parseCatalogDocument(file.text, `${source.label}/catalog.yaml`, base);
  if (before.some((one) => one.settings.name === settings.name)) {
    throw new KilnError('CATALOG_NAME_TAKEN', `two catalogs are called "${settings.name}"`, {
      hint: 'give yours another name in its catalog.yaml',
    });
  }
  const catalog: Catalog = {
    source,
    settings,
    first,
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
    if (recipe !== undefined) addRecipe(catalog, entry, recipe, { ...context, pipelines, taken });
    const image = /^images\/([^/]+?)(\.test)?\.yaml$/.exec(entry.path);
    if (image?.[1] !== undefined && image[2] === undefined)
      addImage(catalog, entry, image[1], { before, taken: takenImages, lastGood });
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
  context: ReadContext & {
    pipelines(name: string): PipelineText | undefined;
    readonly taken: ReadonlySet<string>;
  },
): void {
  const key = packageKey(name, context.arch);
  try {
    const facts = context.reader.read({
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
    const facts = new RecipeFactsReader().read({
      text: source,
      file: last.bundle.file,
      arch,
      pipelines: (name) => {
        const text = pipelines[name];
        return text === undefined ? undefined : { file: `pipelines/${name}.yaml`, text };
      },
    });
    if (facts === undefined) return undefined;
    const { desired, bundle } = last;
    return { catalog, file, facts, key: desired.key, kept: { desired, bundle } };
  } catch {
    // It is of an older Kiln, which read recipes in another way.
    return undefined;
  }
}

function addImage(
  catalog: Catalog,
  file: CatalogFile,
  name: string,
  {
    before,
    taken,
    lastGood,
  }: {
    readonly before: readonly Catalog[];
    readonly taken: ReadonlySet<string>;
    readonly lastGood: ReadonlyMap<Key, LastGood>;
  },
): void {
  try {
    if (taken.has(name)) {
      throw new KilnError('CATALOG_IMAGE_TAKEN', `another catalog has an image "${name}" too`, {
        hint: 'give yours another name',
      });
    }
    const { config, source } = wholeImage(file.path, (path) => {
      for (const one of [catalog, ...before]) {
        const found = one.source.files.find((entry) => entry.path === path);
        if (found !== undefined)
          return { label: `${one.source.label}/${path}`, text: found.text ?? '' };
      }
      return undefined;
    });
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
      configuration: source,
      test,
      facts: {
        packages: [...completeImageConfig(config).contents.packages, ...tests.packages].filter(
          (text) => !text.startsWith('!'),
        ),
      },
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
  readonly #environments = new Map<RecipeEntry, readonly RecipeEntry[]>();

  constructor(catalogs: readonly Catalog[]) {
    this.#recipes = catalogs.flatMap((catalog) => catalog.recipes);
    // Later catalogs do not take names away from earlier ones.
    for (const recipe of this.#recipes) {
      for (const name of recipe.facts.names)
        if (!this.#byName.has(name)) this.#byName.set(name, recipe);
    }
    this.#fromSeed = new Set(catalogs.flatMap((catalog) => catalog.settings.fromSeed));
  }

  /** The recipes whose role the seed plays in build environments. */
  substituted(): readonly RecipeEntry[] {
    return this.#recipes.filter((recipe) => this.#fromSeed.has(recipe.facts.name));
  }

  /**
   * What may enter the guest of a test. It is put together as a build environment is. But where the seed plays the part of
   * the very recipe in build environments, nothing is there beside what the test asks for, and all of the catalog: two C
   * libraries do not go together. Names that no recipe gives come from the seed in any case.
   */
  testGuest(recipe: RecipeEntry, { package: name, atoms }: TestFacts): TestGuest {
    const substituted = this.#fromSeed.has(recipe.facts.name);
    const world = substituted ? [] : recipe.catalog.settings.environmentPackages;
    const wanted = [...world, ...atoms].filter((atom) => !atom.startsWith('!'));
    const closure = this.closure(wanted, !substituted).filter((one) => one !== recipe);
    const rest = (substituted ? this.substituted() : []).filter(
      (one) => one !== recipe && !closure.includes(one),
    );
    return {
      package: name,
      world,
      closure: closure.map(({ key }) => key),
      optional: rest.map(({ key }) => key),
      seed: wanted.some((atom) => this.#comesFromSeed(nameOfAtom(atom), recipe, substituted)),
    };
  }

  #comesFromSeed(name: string, tested: RecipeEntry, substituted: boolean): boolean {
    const recipe = this.#byName.get(name);
    if (recipe === undefined) return true;
    return recipe !== tested && !substituted && this.#fromSeed.has(recipe.facts.name);
  }

  environmentOf(recipe: RecipeEntry): readonly RecipeEntry[] {
    const known = this.#environments.get(recipe);
    if (known !== undefined) return known;
    const environment = this.closure(
      [...recipe.catalog.settings.environmentPackages, ...recipe.facts.environment],
      true,
    ).filter((one) => one !== recipe);
    this.#environments.set(recipe, environment);
    return environment;
  }

  /** These recipes, what may enter their build environments, what may enter those of that, and so on. */
  madeOf(recipes: readonly RecipeEntry[]): readonly RecipeEntry[] {
    const found = new Set(recipes);
    // A set can grow while it is walked.
    for (const recipe of found) this.environmentOf(recipe).forEach((one) => found.add(one));
    return [...found];
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
