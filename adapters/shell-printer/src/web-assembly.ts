/** A compiled program. */
export type WasmModule = { readonly compiled: unique symbol };

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  /** Adds pages of 64 KiB. */
  grow(pages: number): number;
}

export type WasmImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Types {
  readonly Module: {
    new (bytes: Uint8Array): WasmModule;
    imports(module: WasmModule): readonly { readonly module: string; readonly name: string }[];
  };
  readonly Instance: new (module: WasmModule, imports: WasmImports) => WasmInstance;
  /** A trap. */
  readonly RuntimeError: new () => Error;
}

/** What this package uses of WebAssembly, whose types come with a browser's only. */
export const webAssembly: Types = (globalThis as unknown as { readonly WebAssembly: Types })
  .WebAssembly;
