import { assert } from '@kiln/base';

/** A part of a module; see "Binary Format" in the WebAssembly specification. */
interface Section {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

const ids = { custom: 0, import: 2, code: 10 };
const functionNames = 1;
const opcodes = { unreachable: 0x00, nop: 0x01, end: 0x0b };

/**
 * The module with a function, found by its name, that traps when it is called. All imports of the module are functions.
 * What the function has for a body stays as long as it was, so that nothing else moves.
 */
export function withTrap(module: Uint8Array, functionName: string): Uint8Array {
  const sections = sectionsOf(module);
  const imports = sections.find(({ id }) => id === ids.import);
  const code = sections.find(({ id }) => id === ids.code);
  const index = indexOf(module, sections, functionName);
  assert(code !== undefined && index !== undefined, `no function ${functionName} in the module`);
  const imported = imports === undefined ? 0 : new Cursor(module, imports.start).number();
  const bodies = new Cursor(module, code.start);
  bodies.number();
  for (let before = imported; before < index; before++) bodies.skip(bodies.number());
  const length = bodies.number();
  const noLocals = 0;
  const patched = Uint8Array.from(module);
  patched.fill(opcodes.nop, bodies.offset, bodies.offset + length);
  patched.set([noLocals, opcodes.unreachable], bodies.offset);
  patched[bodies.offset + length - 1] = opcodes.end;
  return patched;
}

function sectionsOf(module: Uint8Array): readonly Section[] {
  const sections: Section[] = [];
  const headerBytes = 8;
  const cursor = new Cursor(module, headerBytes);
  while (cursor.offset < module.length) {
    const id = cursor.number();
    const length = cursor.number();
    sections.push({ id, start: cursor.offset, end: cursor.offset + length });
    cursor.skip(length);
  }
  return sections;
}

/** The index of a function by the section of names. */
function indexOf(
  module: Uint8Array,
  sections: readonly Section[],
  functionName: string,
): number | undefined {
  for (const { id, start, end } of sections) {
    const cursor = new Cursor(module, start);
    if (id !== ids.custom || cursor.text() !== 'name') continue;
    while (cursor.offset < end) {
      const kind = cursor.number();
      const length = cursor.number();
      if (kind === functionNames) return named(new Cursor(module, cursor.offset), functionName);
      cursor.skip(length);
    }
  }
  return undefined;
}

function named(cursor: Cursor, functionName: string): number | undefined {
  for (let left = cursor.number(); left > 0; left--) {
    const index = cursor.number();
    if (cursor.text() === functionName) return index;
  }
  return undefined;
}

/** Reads numbers in LEB128, and texts with their length before them. */
class Cursor {
  readonly #bytes: Uint8Array;
  offset: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.offset++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  text(): string {
    const length = this.number();
    this.skip(length);
    return Buffer.from(this.#bytes.subarray(this.offset - length, this.offset)).toString();
  }

  skip(length: number): void {
    this.offset += length;
  }
}
