import {
  webAssembly,
  type WasmImports,
  type WasmInstance,
  type WasmMemory,
  type WasmModule,
} from './web-assembly.ts';

/** The program's main function has ended; what it exports can be called from then on. */
class Ended extends Error {}

/** WASI's error number for a file that is not open. */
const badDescriptor = 8;
/** JavaScript's `undefined`, as TinyGo refers to it. */
const nothing = 0n;

/**
 * What the program is given. To parse and print it asks, at its start, for the seed of its hash maps, the time, and two
 * members of the global object; it gets zeros and `undefined`, so that equal texts are treated equally in every process.
 * What it writes is dropped: only the reason of a trap.
 */
const given: Readonly<Record<string, () => unknown>> = {
  random_get: () => 0,
  'runtime.ticks': () => 0n,
  'syscall/js.valueGet': () => nothing,
  fd_write: () => badDescriptor,
  proc_exit: () => {
    throw new Ended();
  },
};

/**
 * What the program starts with beside its own 10 MiB, in pages of 64 KiB: together 64 MiB. It lives on what it has at its
 * start; of that, what it never writes to takes no memory.
 */
const furtherPages = 864;

/**
 * Starts the program without access to anything. The host that `sh-syntax` brings hands it the global object, with
 * files and processes, and puts Go's runtime support there.
 */
export function startWithoutHost(module: WasmModule): WasmInstance {
  const instance = new webAssembly.Instance(module, importsOf(module));
  (instance.exports['memory'] as WasmMemory).grow(furtherPages);
  try {
    (instance.exports['_start'] as () => void)();
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
  }
  return instance;
}

function importsOf(module: WasmModule): WasmImports {
  const imports: Record<string, Record<string, unknown>> = {};
  for (const { module: group, name } of webAssembly.Module.imports(module)) {
    const refused = (): never => {
      throw new Error(`assertion failed: the shell printer asked its host for ${name}`);
    };
    (imports[group] ??= {})[name] = given[name] ?? refused;
  }
  return imports;
}
