import { KilnError, shorten, type Position } from '@kiln/base';
import {
  applyEdits,
  elements,
  isNull,
  member,
  parseYaml,
  replaceScalar,
  type TextEdit,
  type YamlMapping,
  type YamlNode,
  type YamlScalar,
} from '@kiln/yaml';
import { addressVariables } from './address-variables.ts';
import type { Architecture } from './architecture.ts';
import { decodeRecipe } from './decode.ts';
import { expandRecipe } from './expand.ts';
import { fullVersionOf, type Recipe, type RecipeDialect } from './recipe.ts';
import type { RawRecipe } from './schema.ts';
import { substitute } from './substitute.ts';

export interface BumpRequest {
  /** The name that errors show. */
  readonly file: string;
  readonly dialect: RecipeDialect;
  /** Blanks around it are dropped. */
  readonly version: string;
  /** The commit of the version's tag, in hexadecimal digits. */
  readonly expectedCommit?: string | undefined;
  /** What `build.arch` means in the address of a source. */
  readonly arch: Architecture;
}

/** A value of the recipe that gets another text. */
export interface BumpChange {
  /** Such as `package.version` or `expected-commit`. */
  readonly what: string;
  readonly from: string;
  readonly to: string;
  readonly position: Position;
  readonly edit: TextEdit;
}

/** A `fetch` step whose digests are those of another file now. */
export interface BumpFetch {
  /** Variables are replaced, with the new version. */
  readonly uri: string;
  readonly position: Position;
  /** The digests that the step names. */
  readonly digests: readonly { readonly algorithm: DigestAlgorithm; readonly value: YamlScalar }[];
}

export type DigestAlgorithm = 'sha256' | 'sha512';

/** What a person should look at. */
export interface BumpRemark {
  readonly what: string;
  readonly reason: string;
  readonly position: Position;
}

export interface BumpPlan {
  /** Of the main package. */
  readonly name: string;
  readonly version: string;
  readonly epoch: number;
  /** Version, epoch and commits. */
  readonly changes: readonly BumpChange[];
  /** To be fetched; `digestChanges` makes changes of what comes. */
  readonly fetches: readonly BumpFetch[];
  readonly remarks: readonly BumpRemark[];
}

/**
 * Plans what a recipe's text needs for another version: the version; epoch 0, or one more where the version stays; the
 * digests of each `fetch` step; and, where a commit is given, `expected-commit` of the `git-checkout` steps whose tag
 * follows from the version, or of the only one. Values that are variables stay. The dialect `melange` looks at the main
 * pipeline alone, as melange does, `kiln` at those of subpackages too.
 * Throws as `decodeRecipe` and `expandRecipe`, `RECIPE_BUMP_INVALID` for a version, commit or address that is none or a recipe
 * that cannot be bumped, and `YAML_NOT_EDITABLE` for values that are aliases or block texts.
 */
export function planBump(text: string, request: BumpRequest): BumpPlan {
  return new Bump(text, request).plan();
}

/** The changes of a step's digests, once its file is known. */
export function digestChanges(
  fetch: BumpFetch,
  found: Readonly<Record<DigestAlgorithm, string>>,
): readonly BumpChange[] {
  return fetch.digests.map(({ algorithm, value }) =>
    changeOf(`expected-${algorithm}`, value, found[algorithm]),
  );
}

/** The text with the changes made; everything else keeps its bytes. */
export function applyBump(text: string, changes: readonly BumpChange[]): string {
  return applyEdits(
    text,
    changes.map(({ edit }) => edit),
  );
}

function changeOf(what: string, value: YamlScalar, to: string): BumpChange {
  const { text: from, position } = value;
  return { what, from, to, position, edit: replaceScalar(value, to) };
}

/** A step of a pipeline as it is written. */
interface WrittenStep {
  readonly uses: string;
  readonly with: YamlMapping | undefined;
  readonly position: Position;
}

class Bump {
  readonly #text: string;
  readonly #request: BumpRequest;
  readonly #root: YamlNode;
  readonly #raw: RawRecipe;
  readonly #version: string;
  readonly #remarks: BumpRemark[] = [];

  constructor(text: string, request: BumpRequest) {
    const { file, dialect } = request;
    this.#text = text;
    this.#request = request;
    this.#version = request.version.trim();
    this.#raw = decodeRecipe(text, { file, dialect }).raw;
    const furtherDocuments = dialect === 'melange' ? 'ignore' : 'refuse';
    this.#root = parseYaml(text, { file, furtherDocuments });
  }

  plan(): BumpPlan {
    const identity = this.#identity();
    // The recipe as it will be says what addresses mean.
    const { file, dialect } = this.#request;
    const next = decodeRecipe(applyBump(this.#text, identity), { file, dialect });
    const recipe = expandRecipe(next, { dialect });
    const steps = [...this.#steps()];
    const fetches = steps.filter(({ uses }) => uses === 'fetch');
    return {
      name: recipe.package.name,
      version: this.#version,
      epoch: recipe.package.epoch,
      changes: [...identity, ...this.#commits(steps.filter(({ uses }) => uses === 'git-checkout'))],
      fetches: fetches.flatMap((step) => this.#fetch(step, recipe)),
      remarks: this.#remarks,
    };
  }

  /** The changes of version and epoch. */
  #identity(): readonly BumpChange[] {
    const facts = member(this.#root, 'package');
    const version = scalar(facts, 'version');
    const epoch = scalar(facts, 'epoch');
    const position = version?.position ?? this.#root.position;
    if (version === undefined || version.text.includes('${{'))
      throw invalid('the version of the recipe is made of variables', position, 'edit it by hand');
    if (this.#raw.package.version === '') throw invalid('the version is empty', position);
    if (!/^[^\s\p{Cc}]+$/u.test(this.#version) || this.#version.includes('${{'))
      throw invalid(`not a version: "${shorten(this.#request.version)}"`, position);
    if (version.text !== this.#version) {
      const change = changeOf('package.version', version, this.#version);
      return [change, ...(this.#raw.package.epoch === 0 ? [] : epochChange(epoch, 0))];
    }
    if (epoch === undefined)
      throw invalid('the version stays, and there is no epoch', position, 'write epoch: 1');
    return epochChange(epoch, this.#raw.package.epoch + 1);
  }

  /** Of the main pipeline and, in Kiln's dialect, of those of subpackages; nested ones follow their parents. */
  *#steps(): Generator<WrittenStep> {
    yield* stepsOf(member(this.#root, 'pipeline'));
    if (this.#request.dialect === 'melange') return;
    for (const subpackage of elements(member(this.#root, 'subpackages')))
      yield* stepsOf(member(subpackage, 'pipeline'));
  }

  #fetch(step: WrittenStep, recipe: Recipe): readonly BumpFetch[] {
    const { position } = step;
    const uri = scalar(step.with, 'uri');
    const digests = (['sha256', 'sha512'] as const).flatMap((algorithm) => {
      const value = this.#literal(step, `expected-${algorithm}`);
      return value === undefined ? [] : [{ algorithm, value }];
    });
    if (digests.length === 0) return [];
    if (uri === undefined) throw invalid('a fetch without a uri', position);
    if (/\$\{\{\s*range\./.test(uri.text)) {
      this.#remark('fetch', 'stays: its address differs between the items of a range', position);
      return [];
    }
    const place = { position: uri.position, what: 'with.uri' };
    const address = substitute(uri.text, this.#variables(recipe), place);
    this.#checkAddress(address, uri.position);
    return [{ uri: address, position, digests }];
  }

  #checkAddress(address: string, position: Position): void {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
      throw invalid(`not an address of http or https: "${shorten(address)}"`, position);
    if (url.username !== '' || url.password !== '')
      throw invalid(`credentials in an address at ${shorten(url.host)}`, position);
    if (url.protocol === 'http:')
      this.#remark(
        'fetch',
        'not over https: compare the digest with the one upstream publishes',
        position,
      );
  }

  #variables(recipe: Recipe): ReadonlyMap<string, string> {
    const { arch, dialect } = this.#request;
    const variables = addressVariables(recipe, arch);
    // The reference knows none of these here.
    return dialect === 'melange'
      ? variables
      : new Map([
          ...variables,
          ['package.full-version', fullVersionOf(recipe.package)],
          ['package.description', recipe.package.description],
        ]);
  }

  #commits(checkouts: readonly WrittenStep[]): readonly BumpChange[] {
    const { expectedCommit } = this.#request;
    if (expectedCommit !== undefined && !/^(?:[\da-f]{40}|[\da-f]{64})$/.test(expectedCommit))
      throw invalid(`not a commit: "${shorten(expectedCommit)}"`, this.#root.position);
    return checkouts.flatMap((step) => {
      const value = this.#literal(step, 'expected-commit');
      if (value === undefined) return [];
      const tag = scalar(step.with, 'tag');
      if (checkouts.length > 1 && tag !== undefined && !this.#followsVersion(tag.text, [])) {
        this.#remark(
          'expected-commit',
          'stays: its tag does not follow from the version',
          step.position,
        );
        return [];
      }
      if (expectedCommit === undefined) {
        this.#remark('expected-commit', 'stays: no commit is given', step.position);
        return [];
      }
      return value.text === expectedCommit
        ? []
        : [changeOf('expected-commit', value, expectedCommit)];
    });
  }

  /** An input of a step that is written out; one that is made of variables stays, and is remarked on. */
  #literal({ with: inputs, position }: WrittenStep, name: string): YamlScalar | undefined {
    const value = scalar(inputs, name);
    if (value === undefined || isNull(value) || value.text === '') return undefined;
    if (!value.text.includes('${{')) return value;
    this.#remark(name, 'stays: it is made of variables', position);
    return undefined;
  }

  /** Whether a text names the version, itself or by vars and transforms. */
  #followsVersion(text: string, open: readonly string[]): boolean {
    const { vars = {}, 'var-transforms': transforms } = this.#raw;
    for (const [, name = ''] of text.matchAll(/\$\{\{\s*([A-Za-z\d._-]+)\s*\}\}/g)) {
      if (name === 'package.version' || name === 'package.full-version') return true;
      if (!name.startsWith('vars.') || open.includes(name)) continue;
      const own = name.slice('vars.'.length);
      const from = transforms.filter(({ to }) => to === own).map((transform) => transform.from);
      const written = Object.hasOwn(vars, own) ? [vars[own] ?? ''] : [];
      if ([...written, ...from].some((one) => this.#followsVersion(one, [...open, name])))
        return true;
    }
    return false;
  }

  #remark(what: string, reason: string, position: Position): void {
    this.#remarks.push({ what, reason, position });
  }
}

function epochChange(epoch: YamlScalar | undefined, to: number): readonly BumpChange[] {
  return epoch === undefined ? [] : [changeOf('package.epoch', epoch, String(to))];
}

function* stepsOf(pipeline: YamlNode | undefined): Generator<WrittenStep> {
  for (const step of elements(pipeline)) {
    const inputs = member(step, 'with');
    yield {
      uses: scalar(step, 'uses')?.text ?? '',
      with: inputs?.kind === 'mapping' ? inputs : undefined,
      position: step.position,
    };
    yield* stepsOf(member(step, 'pipeline'));
  }
}

function scalar(node: YamlNode | undefined, key: string): YamlScalar | undefined {
  const value = member(node, key);
  return value?.kind === 'scalar' ? value : undefined;
}

function invalid(message: string, position: Position, hint?: string): KilnError {
  return new KilnError('RECIPE_BUMP_INVALID', message, { position, hint });
}
