import fs from 'node:fs';
import { createRequire } from 'node:module';
import { webAssembly, type WasmInstance, type WasmModule } from './web-assembly.ts';

/** What this uses of the program that `sh-syntax` compiles from mvdan/sh. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  wasmAlloc(size: number): number;
  wasmFree(pointer: number): void;
  process(...words: readonly (number | boolean)[]): number;
}

interface GoRuntime {
  readonly importObject: object;
  run(instance: WasmInstance): Promise<void>;
}

/** The answer to one text: the printed text, or the syntax tree, or an error. */
export interface ShellAnswer {
  readonly text?: string;
  readonly file?: { readonly Stmts?: readonly { readonly Pos: { readonly Offset: number } }[] };
  readonly parseError?: {
    readonly Text: string;
    readonly Pos: { readonly Line: number; readonly Col: number };
  } | null;
  readonly message?: string;
}

/** An instance that ran for long enough runs out of its memory: it is renewed before. */
const usesMax = 100;
const bash = 1;

/**
 * The shell parser and printer as a WebAssembly program: compiled once a process, when it is first needed, and called
 * directly, since the package's own functions make an instance a call.
 */
export class WasmShell {
  #module: WasmModule | undefined;
  #exports: Exports | undefined;
  #uses = 0;

  /** Parses, and prints or gives the syntax tree. Comments are dropped. The text holds no NUL. */
  process(text: string, what: 'print' | 'parse'): ShellAnswer {
    const shell = this.#instance();
    const put = (bytes: Uint8Array): number => {
      const pointer = shell.wasmAlloc(bytes.length);
      new Uint8Array(shell.memory.buffer).set(bytes, pointer);
      return pointer;
    };
    const [name, script, stopAt] = [Buffer.from('script'), Buffer.from(text), Buffer.alloc(0)];
    const pointers = [put(name), put(script), put(stopAt)] as const;
    const slice = (at: 0 | 1 | 2, { length }: Buffer): readonly number[] => [
      pointers[at],
      length,
      length,
    ];
    const keepComments = false;
    // recoverErrors, simplify, indent, and five ways of layout that are all off, as the printer's defaults are.
    const layout = [0, false, 0, false, false, false, false, false, false, false];
    const answer = shell.process(
      ...slice(0, name),
      ...slice(1, script),
      what === 'print',
      keepComments,
      bash,
      ...slice(2, stopAt),
      ...layout,
    );
    for (const pointer of pointers) shell.wasmFree(pointer);
    const memory = new Uint8Array(shell.memory.buffer);
    const bytes = memory.subarray(answer, memory.indexOf(0, answer));
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as ShellAnswer;
  }

  #instance(): Exports {
    if (this.#exports === undefined || this.#uses >= usesMax) {
      this.#module ??= compile();
      const go = makeGo();
      const instance = new webAssembly.Instance(this.#module, go.importObject);
      // The program stays in its main function for as long as the instance lives.
      void go.run(instance);
      this.#exports = instance.exports as unknown as Exports;
      this.#uses = 0;
    }
    this.#uses += 1;
    return this.#exports;
  }
}

const require = createRequire(import.meta.url);

function compile(): WasmModule {
  return new webAssembly.Module(fs.readFileSync(require.resolve('sh-syntax/main.wasm')));
}

/** Go's runtime support puts its class into the global object. */
function makeGo(): GoRuntime {
  const scope = globalThis as { Go?: new () => GoRuntime };
  if (scope.Go === undefined) require('sh-syntax/vendors/wasm_exec');
  if (scope.Go === undefined) throw new Error('assertion failed: sh-syntax has no Go runtime');
  return new scope.Go();
}
