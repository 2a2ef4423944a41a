import { shorten } from '@kiln/base';
import { infoInvalid } from './errors.ts';
import { iniFields, plainFields } from './info-lines.ts';
import type { InfoField } from './info-lines.ts';
import type { PackageInfo } from './package-info.ts';

export interface ParseInfoOptions {
  /** `plain` (default) reads as apk-tools does; `apko` reads an INI document with that tool's quirks. */
  readonly dialect?: 'plain' | 'apko';
}

/**
 * Reads `.PKGINFO`: any order, unknown keys skipped, lists repeated or separated by white space. In the plain dialect
 * two different values for a key that is no list are refused, because readers differ in which one they take; apko's
 * dialect takes the first. Throws `APK_INFO_INVALID`, also without name or version.
 */
export function parsePackageInfo(text: string, options: ParseInfoOptions = {}): PackageInfo {
  const fields =
    options.dialect === 'apko'
      ? new ApkoFields(iniFields(text))
      : new PlainFields(plainFields(text));
  const name = fields.one('pkgname');
  const version = fields.one('pkgver');
  if (name === '' || /[\s/]/.test(name)) throw infoInvalid(`package name is "${shorten(name)}"`);
  if (version === '' || /[\s/]/.test(version))
    throw infoInvalid(`version of ${shorten(name)} is "${shorten(version)}"`);
  return {
    name,
    version,
    arch: fields.one('arch'),
    installedSizeBytes: natural(fields.one('size'), 'size') ?? 0,
    origin: fields.one('origin'),
    description: fields.one('pkgdesc'),
    url: fields.one('url'),
    commit: fields.one('commit'),
    maintainer: fields.one('maintainer'),
    buildTimeSeconds: natural(fields.one('builddate'), 'builddate') ?? 0,
    licenses: fields.licenses(),
    depends: fields.list('depend'),
    provides: fields.list('provides'),
    replaces: fields.list('replaces'),
    installIf: fields.list('install_if'),
    vendored: fields.list('vendored'),
    providerPriority: integer(fields.one('provider_priority'), 'provider_priority'),
    replacesPriority: integer(fields.one('replaces_priority'), 'replaces_priority'),
    triggers: fields.list('triggers'),
    dataHash: dataHash(fields.one('datahash')),
  };
}

interface Fields {
  one(key: string): string;
  list(key: string): string[];
  licenses(): string[];
}

class PlainFields implements Fields {
  readonly #fields: readonly InfoField[];

  constructor(fields: readonly InfoField[]) {
    this.#fields = fields;
  }

  one(key: string): string {
    const values = new Set(this.#values(key));
    if (values.size > 1) throw infoInvalid(`${key} has two values`);
    return [...values][0] ?? '';
  }

  list(key: string): string[] {
    return this.#values(key).flatMap((value) => value.split(/\s+/).filter((part) => part !== ''));
  }

  /** A licence expression has spaces in it. */
  licenses(): string[] {
    return this.#values('license').filter((value) => value !== '');
  }

  #values(key: string): string[] {
    return this.#fields.filter((field) => field[0] === key).map((field) => field[1]);
  }
}

/** The first value of a key; lists split at commas, equal values once. */
class ApkoFields implements Fields {
  readonly #fields: readonly InfoField[];

  constructor(fields: readonly InfoField[]) {
    this.#fields = fields;
  }

  one(key: string): string {
    return this.#fields.find((field) => field[0] === key)?.[1] ?? '';
  }

  list(key: string): string[] {
    const values = new Set(
      this.#fields.filter((field) => field[0] === key).map((field) => field[1]),
    );
    return [...values]
      .flatMap((value) => value.split(','))
      .map((part) => part.trim())
      .filter((part) => part !== '');
  }

  licenses(): string[] {
    const first = this.one('license');
    return first === '' ? [] : [first];
  }
}

function integer(text: string, key: string): number | undefined {
  if (text === '') return undefined;
  if (!/^-?[0-9]{1,15}$/.test(text))
    throw infoInvalid(`${key} is not a number: "${shorten(text)}"`);
  return Number(text);
}

function natural(text: string, key: string): number | undefined {
  const value = integer(text, key);
  if (value !== undefined && value < 0) throw infoInvalid(`${key} is negative`);
  return value;
}

function dataHash(text: string): string {
  if (text !== '' && !/^[0-9a-f]{64}$/.test(text))
    throw infoInvalid(`datahash is "${shorten(text)}"`);
  return text;
}
