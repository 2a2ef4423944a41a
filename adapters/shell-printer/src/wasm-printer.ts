import fs from 'node:fs';
import { createRequire } from 'node:module';
import { startWithoutHost } from './wasm-host.ts';
import { withTrap } from './wasm-patch.ts';
import { webAssembly, type WasmMemory, type WasmModule } from './web-assembly.ts';

/** What this uses of the program that `sh-syntax` compiles from mvdan/sh. */
interface Exports {
  readonly memory: WasmMemory;
  wasmAlloc(size: number): number;
  wasmFree(pointer: number): void;
  process(...words: readonly (number | boolean)[]): number;
}

/** The answer to one text: the printed text, or the syntax tree, or an error. */
export interface ShellAnswer {
  readonly text?: string;
  readonly file?: { readonly Stmts?: readonly { readonly Pos: { readonly Offset: number } }[] };
  /** What is wrong, behind `LINE:COLUMN: `, both from 1; the column counts bytes. Empty when nothing is. */
  readonly message?: string;
}

const bash = 1;

/**
 * The shell parser and printer as a WebAssembly program: compiled once, when it is first needed, and called directly,
 * since the package's own functions make an instance a call.
 */
export class WasmShell {
  #module: WasmModule | undefined;
  #exports: Exports | undefined;

  /**
   * Parses, and prints or gives the syntax tree. Comments are dropped. The text holds no NUL.
   * Undefined when the program trapped: the text nests too deeply for its stack, or its tree is too large.
   */
  process(text: string, what: 'print' | 'parse'): ShellAnswer | undefined {
    const fresh = this.#exports === undefined;
    // After some thousand texts the memory is used up, and it traps; a trap of a fresh instance is this text's own.
    return this.#attempt(text, what) ?? (fresh ? undefined : this.#attempt(text, what));
  }

  #attempt(text: string, what: 'print' | 'parse'): ShellAnswer | undefined {
    const shell = this.#instance();
    this.#exports = undefined;
    try {
      const answer = call(shell, text, what);
      this.#exports = shell;
      return answer;
    } catch (error) {
      // What trapped has a stack and a heap in disorder, and stays dropped.
      if (error instanceof RangeError || error instanceof webAssembly.RuntimeError)
        return undefined;
      throw error;
    }
  }

  #instance(): Exports {
    this.#module ??= compile();
    this.#exports ??= startWithoutHost(this.#module).exports as unknown as Exports;
    return this.#exports;
  }
}

function call(shell: Exports, text: string, what: 'print' | 'parse'): ShellAnswer {
  const script = Buffer.from(text);
  const pointer = shell.wasmAlloc(script.length);
  new Uint8Array(shell.memory.buffer).set(script, pointer);
  // Pointer, length and capacity, as Go has its slices.
  const slice = [pointer, script.length, script.length] as const;
  const absent = [0, 0, 0] as const;
  const keepComments = false;
  // recoverErrors, simplify, indent, and seven ways of layout that are all off, as the printer's defaults are.
  const layout = [0, false, 0, false, false, false, false, false, false, false];
  const answer = shell.process(
    ...absent,
    ...slice,
    what === 'print',
    keepComments,
    bash,
    ...absent,
    ...layout,
  );
  shell.wasmFree(pointer);
  const memory = new Uint8Array(shell.memory.buffer);
  const bytes = memory.subarray(answer, memory.indexOf(0, answer));
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as ShellAnswer;
}

/**
 * The program's garbage collector does not know what is in use once its main function has ended: it traps, or frees what
 * is needed, and the text that is printed then is not what it was. So it always traps, and the memory of an instance is
 * used once.
 */
function compile(): WasmModule {
  const file = createRequire(import.meta.url).resolve('sh-syntax/main.wasm');
  return new webAssembly.Module(withTrap(fs.readFileSync(file), 'runtime.runGC'));
}
