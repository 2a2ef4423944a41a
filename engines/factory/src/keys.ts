import { KilnError, shorten } from '@kiln/base';
import type { Key } from '@kiln/queue';
import type { KeyKind } from './records.ts';

export interface ParsedKey {
  readonly key: Key;
  readonly kind: KeyKind;
  readonly name: string;
  /** apk architecture; "" for images. */
  readonly arch: string;
}

export function packageKey(name: string, arch: string): Key {
  return `package:${name}@${arch}`;
}

export function testKey(name: string, arch: string): Key {
  return `test:${name}@${arch}`;
}

export function indexKey(repository: string, arch: string): Key {
  return `index:${repository}@${arch}`;
}

export function imageKey(name: string): Key {
  return `image:${name}`;
}

export function seedKey(arch: string): Key {
  return `seed:${arch}`;
}

/** The parts of a key. Throws `KEY_INVALID`. */
export function parseKey(key: string): ParsedKey {
  const match =
    /^(seed|package|test|index|image):([A-Za-z0-9][A-Za-z0-9+_./-]*)(?:@([a-z0-9_]+))?$/.exec(key);
  if (match === null) {
    throw new KilnError('KEY_INVALID', `not a key: "${shorten(key)}"`, {
      hint: 'keys look like package:zlib@x86_64 or image:nginx',
    });
  }
  const [, kind = '', name = '', arch = ''] = match;
  const parsed = key as Key;
  return kind === 'seed'
    ? { key: parsed, kind, name: 'seed', arch: name }
    : { key: parsed, kind: kind as KeyKind, name, arch };
}
