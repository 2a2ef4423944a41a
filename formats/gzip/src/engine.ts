import type { DeflateRaw, InflateRaw } from 'node:zlib';

/** Settles when the engine has taken what it wants of a block, or is gone. Errors surface where it is read. */
export function written(engine: DeflateRaw | InflateRaw, block: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      engine.off('close', done);
      resolve();
    };
    engine.once('close', done);
    engine.write(block, done);
  });
}
