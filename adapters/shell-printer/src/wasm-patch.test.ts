import { expect, test } from 'vitest';
import { withTrap } from './wasm-patch.ts';
import { webAssembly } from './web-assembly.ts';

/** `(module (func $one (result i32) i32.const 1) (func $two (result i32) i32.const 2))`, both exported. */
const module = Buffer.from(
  [
    '0061736d 01000000',
    '01 05 01 60 00 01 7f',
    '03 03 02 00 00',
    '07 0d 02 03 6f6e65 00 00 03 74776f 00 01',
    '0a 0b 02 04 00 41 01 0b 04 00 41 02 0b',
    '00 12 04 6e616d65',
    '01 0b 02 00 03 6f6e65 01 03 74776f',
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
);

function exportsOf(bytes: Uint8Array): Readonly<Record<string, () => number>> {
  const instance = new webAssembly.Instance(new webAssembly.Module(bytes), {});
  return instance.exports as Readonly<Record<string, () => number>>;
}

test('the named function traps, and the others are as they were', () => {
  const { one, two } = exportsOf(withTrap(module, 'two'));
  expect(one?.()).toBe(1);
  expect(() => two?.()).toThrow(webAssembly.RuntimeError);
});

test('a module without the function is refused', () => {
  expect(() => withTrap(module, 'three')).toThrow('no function three');
});
